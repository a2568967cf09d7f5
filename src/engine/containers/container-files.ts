import type { ContainerMount } from '../../api/container-host';
import { SandboxError } from '../../base/errors';
import type { StoredContainer } from './container-records';

/** What a container is told of the networks that it is on. */
export interface ContainerFiles {
  /** Its own addresses; the first is the one that its name means. */
  readonly addresses: readonly string[];
  /** The gateway of its first network, which knows names. */
  readonly nameServer: string | undefined;
  /** In which names without a dot are looked up. */
  readonly domain: string | undefined;
}

type FileMount = Extract<ContainerMount, { readonly kind: 'file' }>;

/** `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf` as docker writes them. */
export function networkFiles(
  { config, host }: StoredContainer,
  hostname: string,
  { addresses, nameServer, domain }: ContainerFiles,
): readonly FileMount[] {
  const full = config.Domainname ? `${hostname}.${config.Domainname} ${hostname}` : hostname;
  const hosts = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'ff00::0\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    ...(host.ExtraHosts ?? []).map((entry) => extraHost(entry, nameServer)),
    ...addresses.map((address) => `${address}\t${full}`),
  ];
  const servers = host.Dns?.length ? host.Dns : nameServer === undefined ? [] : [nameServer];
  const search = host.DnsSearch?.length ? host.DnsSearch.filter((each) => each !== '.') : domain ? [domain] : [];
  const options = host.DnsOptions ?? [];
  const resolver = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
  const file = (target: string, lines: readonly string[]): FileMount => ({
    kind: 'file',
    target,
    text: lines.map((line) => `${line}\n`).join(''),
  });
  return [file('/etc/resolv.conf', resolver), file('/etc/hostname', [hostname]), file('/etc/hosts', hosts)];
}

/** `NAME:ADDRESS` or `NAME=ADDRESS`. */
export function extraHost(entry: string, gateway: string | undefined): string {
  const at = entry.search(/[:=]/);
  const [name, address] = [entry.slice(0, at), entry.slice(at + 1)];
  if (at < 1 || address === '') throw new SandboxError('InvalidArgument', `bad format for add-host: "${entry}"`);
  if (address !== 'host-gateway') return `${address}\t${name}`;
  if (gateway !== undefined) return `${gateway}\t${name}`;
  throw new SandboxError('InvalidArgument', 'unable to derive the IP value for host-gateway');
}
