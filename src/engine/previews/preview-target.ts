import type { Reservation } from '../../api/network';
import type { PreviewStation } from './preview-station';

/** A port of a station, and what is asked of it. */
export interface PreviewTarget {
  readonly instance: PreviewStation;
  readonly nic: Reservation;
  readonly port: number;
  /** With the query: "/index.html?a=b". */
  readonly path: string;
  /** As it stands in `Host`: the instance's name, with the port unless it is 80. */
  readonly host: string;
  /** The very port that is published here, by whatever name it was called. */
  readonly own: boolean;
}

/** The port that a preview shows, and the origin that stands for it in the browser. */
export interface PreviewPlace {
  readonly instance: PreviewStation;
  readonly port: number;
  readonly origin: string;
}

/** `name` or `name:port`, as an HTTP client would write it. */
export function hostOf(name: string, port: number): string {
  return port === 80 ? name : `${name}:${port}`;
}

/**
 * What a URL in a guest's page means: the published port itself, by its preview's origin or by its real address, or
 * another station of a network that the instance is on. Undefined for all that is outside.
 */
export function findTarget(
  url: URL,
  { instance, port, origin }: PreviewPlace,
  instances: readonly PreviewStation[],
): PreviewTarget | undefined {
  const path = `${url.pathname}${url.search}`;
  const [first] = instance.nics;
  const target = (of: PreviewStation, nic: Reservation, at: number): PreviewTarget => ({
    instance: of,
    nic,
    port: at,
    path,
    host: hostOf(of.name, at),
    own: of.id === instance.id && at === port,
  });
  // WebSockets have the scheme of their own, and an origin all the same.
  if (url.host === new URL(origin).host) return first && target(instance, first, port);
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) return undefined;
  // Under HTTPS a browser asks by HTTPS for what the page has by HTTP; between page and guest it is HTTP in any case.
  const at = url.port === '' ? 80 : Number(url.port);
  const networks = new Set(instance.nics.map(({ network }) => network));
  for (const each of instances) {
    const nic = each.nics.find((one) => networks.has(one.network) && isCalled(url.hostname, each.name, one));
    if (nic) return target(each, nic, at);
  }
  return undefined;
}

function isCalled(host: string, name: string, { address, network }: Reservation): boolean {
  return host === address || host === name || host === `${name}.${network}` || host === `${name}.${network}.internal`;
}
