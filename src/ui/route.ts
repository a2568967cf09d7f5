import type { InstanceId } from '../api/instance';

export const instanceTabs = ['terminal', 'screen', 'summary', 'ports', 'snapshots', 'log'] as const;
export type InstanceTab = (typeof instanceTabs)[number];

export const containerTabs = ['logs', 'terminal', 'stats', 'processes', 'changes', 'kernel', 'inspect'] as const;
export type ContainerTab = (typeof containerTabs)[number];

/** Views that are one of their kind. */
export const places = [
  'overview',
  'machines',
  'networks',
  'snapshots',
  'images',
  'volumes',
  'files',
  'containers',
] as const;
export type Place = (typeof places)[number];

/** What the page shows; the address says it after `#`, so that it can be linked and a reload returns to it. */
export type Route =
  | { readonly view: Place }
  | { readonly view: 'machine'; readonly id: InstanceId; readonly tab: InstanceTab }
  | { readonly view: 'container'; readonly id: string; readonly tab: ContainerTab };

/** Reads `#/machines/<id>/<tab>` and the like; whatever makes no sense is the overview. */
export function parseRoute(hash: string): Route {
  const [place = '', id, tab] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (place === 'machines' && id) {
    return { view: 'machine', id, tab: instanceTabs.find((known) => known === tab) ?? 'terminal' };
  }
  if (place === 'containers' && id) {
    return { view: 'container', id, tab: containerTabs.find((known) => known === tab) ?? 'logs' };
  }
  return { view: places.find((known) => known === place) ?? 'overview' };
}

/** The other way: `parseRoute(formatRoute(route))` is the route. */
export function formatRoute(route: Route): string {
  if (route.view === 'machine') return `#/machines/${encodeURIComponent(route.id)}/${route.tab}`;
  if (route.view === 'container') return `#/containers/${encodeURIComponent(route.id)}/${route.tab}`;
  return `#/${route.view}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
