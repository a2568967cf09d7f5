import { toHex } from '../../base/bytes';
import type { HttpRequestHead } from '../../formats/wire/http-head';
import type { GatewayHost, GatewayNetwork } from './gateway-network';

export interface MetadataAnswer {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
}

export interface MetadataContext {
  readonly network: GatewayNetwork;
  /** Who asks; undefined for a station that the lab does not know. */
  readonly host: GatewayHost | undefined;
  readonly address: string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A folder has an entry for each name in it; those that are folders end with a slash. */
type Entry = string | { readonly [name: string]: Entry };

const methods = new Set(['GET', 'HEAD']);

/**
 * What a machine is told about itself at 169.254.169.254, by the paths of EC2's instance metadata service. The token
 * of its second version is given out to those that ask for one, and asked of nobody: what is told here is no secret.
 */
export function answerMetadata(
  request: Pick<HttpRequestHead, 'method' | 'target'>,
  context: MetadataContext,
): MetadataAnswer {
  const [path = ''] = request.target.split('?');
  if (request.method === 'PUT' && path === '/latest/api/token') return ok(toHex(context.randomBytes(28)));
  if (!methods.has(request.method)) return { status: 405, reason: 'Method Not Allowed', body: '' };
  const found = find({ latest: { 'meta-data': describe(context) } }, path.split('/').filter(Boolean));
  if (found === undefined) return { status: 404, reason: 'Not Found', body: '404 - Not Found\n' };
  return ok(typeof found === 'string' ? found : listing(found));
}

function describe({ network, host, address }: MetadataContext): Entry {
  const name = host?.name;
  const domain = name === undefined ? undefined : `${name}.${network.domain}`;
  return entries({
    'ami-id': 'strata',
    hostname: domain,
    'instance-id': host && `i-${host.instance}`,
    'instance-type': host && 'strata.vm',
    'local-hostname': domain,
    'local-ipv4': host?.address ?? address,
    mac: host?.mac,
    network: host && {
      interfaces: {
        macs: {
          [host.mac]: entries({
            'device-number': '0',
            'local-hostname': domain,
            'local-ipv4s': host.address,
            mac: host.mac,
            'subnet-ipv4-cidr-block': network.spec.subnet,
          }),
        },
      },
    },
    placement: { 'availability-zone': network.spec.name, region: 'strata' },
    services: { domain: network.domain },
  });
}

function entries(given: Readonly<Record<string, Entry | undefined>>): { readonly [name: string]: Entry } {
  return Object.fromEntries(Object.entries(given).filter((pair): pair is [string, Entry] => pair[1] !== undefined));
}

function find(entry: Entry, path: readonly string[]): Entry | undefined {
  let found: Entry | undefined = entry;
  for (const name of path) {
    if (found === undefined || typeof found === 'string' || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

function listing(folder: { readonly [name: string]: Entry }): string {
  return Object.entries(folder)
    .map(([name, entry]) => (typeof entry === 'string' ? name : `${name}/`))
    .join('\n');
}

function ok(body: string): MetadataAnswer {
  return { status: 200, reason: 'OK', body };
}
