import type { InstanceId } from '../api/instance';

export const instanceTabs = [
  'terminal',
  'screen',
  'summary',
  'stats',
  'processes',
  'files',
  'network',
  'ports',
  'snapshots',
  'log',
  'inspect',
] as const;
export type InstanceTab = (typeof instanceTabs)[number];

export const containerTabs = [
  'logs',
  'terminal',
  'stats',
  'processes',
  'files',
  'network',
  'ports',
  'changes',
  'kernel',
  'inspect',
] as const;
export type ContainerTab = (typeof containerTabs)[number];

/** Views that are one of their kind. */
export const places = [
  'overview',
  'lessons',
  'compare',
  'topology',
  'orchestration',
  'scheduling',
  'containers',
  'images',
  'files',
  'machines',
  'networks',
  'volumes',
  'snapshots',
  'tab',
  'events',
  'lab',
] as const;
export type Place = (typeof places)[number];

/** What the page shows; the address says it after `#`, so that it can be linked and a reload returns to it. */
export type Route =
  | { readonly view: Place }
  | { readonly view: 'machine'; readonly id: InstanceId; readonly tab: InstanceTab }
  | { readonly view: 'container'; readonly id: string; readonly tab: ContainerTab }
  /** Step 0 is the introduction. */
  | { readonly view: 'lesson'; readonly id: string; readonly step: number };

/** Reads `#/machines/<id>/<tab>` and the like; whatever makes no sense is the overview. */
export function parseRoute(hash: string): Route {
  const [place = '', id, tab] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (place === 'machines' && id) {
    return { view: 'machine', id, tab: instanceTabs.find((known) => known === tab) ?? 'terminal' };
  }
  if (place === 'containers' && id) {
    return { view: 'container', id, tab: containerTabs.find((known) => known === tab) ?? 'logs' };
  }
  if (place === 'lessons' && id) return { view: 'lesson', id, step: Number(/^\d{1,3}$/.exec(tab ?? '')?.[0] ?? 0) };
  return { view: places.find((known) => known === place) ?? 'overview' };
}

/** The other way: `parseRoute(formatRoute(route))` is the route. */
export function formatRoute(route: Route): string {
  if (route.view === 'machine') return `#/machines/${encodeURIComponent(route.id)}/${route.tab}`;
  if (route.view === 'container') return `#/containers/${encodeURIComponent(route.id)}/${route.tab}`;
  if (route.view === 'lesson') return `#/lessons/${encodeURIComponent(route.id)}/${route.step}`;
  return `#/${route.view}`;
}

/** The place that a view belongs to. */
export function placeOf({ view }: Route): Place {
  if (view === 'machine') return 'machines';
  if (view === 'lesson') return 'lessons';
  return view === 'container' ? 'containers' : view;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
