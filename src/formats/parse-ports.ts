import type { DockerSet, PortBinding } from '../api/container';

export interface Ports {
  readonly exposed: DockerSet;
  readonly bindings: Readonly<Record<string, readonly PortBinding[]>>;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** `-p` and `--expose`: `[[IP:][HOST]:]CONTAINER[/PROTO]`, each port may be a range (docker's go-connections, nat). */
export function parsePorts(published: readonly string[], exposed: readonly string[]): Ports {
  const set: Record<string, Record<string, never>> = {};
  const bindings: Record<string, PortBinding[]> = {};
  for (const spec of published) {
    const { ip, host, container, protocol } = splitPublish(longForm(spec));
    for (let port = container.first; port <= container.last; port += 1) {
      const key = `${port}/${protocol}`;
      const HostPort = hostPort(host, container, port);
      set[key] = {};
      bindings[key] = [...(bindings[key] ?? []), { HostIp: ip, HostPort }];
    }
  }
  for (const spec of exposed) {
    if (spec.includes(':')) throw new Error(`invalid port format for --expose: ${spec}`);
    const [ports = '', protocol = 'tcp'] = spec.split('/');
    const range = parseRange(ports);
    if (!range) throw new Error(`invalid range format for --expose: ${ports}, error: Invalid range format`);
    for (let port = range.first; port <= range.last; port += 1) set[`${port}/${protocol.toLowerCase()}`] = {};
  }
  return { exposed: set, bindings };
}

/** `published=8080,target=80,protocol=tcp` says the same in words. */
function longForm(spec: string): string {
  if (!spec.includes('=')) return spec;
  const words = new Map(spec.split(',').map((each) => each.split('=', 2) as [string, string]));
  const target = words.get('target');
  if (target === undefined) throw new Error(`invalid publish opts format (should be name=value but got '${spec}')`);
  return `${words.has('published') ? `${words.get('published')}:` : ''}${target}/${words.get('protocol') ?? 'tcp'}`;
}

function splitPublish(spec: string): { ip: string; host: Range | undefined; container: Range; protocol: string } {
  const slash = spec.lastIndexOf('/');
  const protocol = (slash < 0 ? 'tcp' : spec.slice(slash + 1)).toLowerCase();
  const address = slash < 0 ? spec : spec.slice(0, slash);
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw new Error(`invalid proto: ${protocol}`);
  const parts = address.split(':');
  const containerText = parts.pop() ?? '';
  const hostText = parts.pop() ?? '';
  const ip = parts.join(':').replace(/^\[(.*)\]$/, '$1');
  if (containerText === '') throw new Error(`no port specified: ${spec}<empty>`);
  const container = parseRange(containerText);
  if (!container) throw new Error(`invalid containerPort: ${containerText}`);
  const host = hostText === '' ? undefined : parseRange(hostText);
  if (hostText !== '' && !host) throw new Error(`invalid hostPort: ${hostText}`);
  const longer = host && host.last - host.first !== container.last - container.first;
  // A range on the host for one port inside means: any free one of it.
  if (longer && container.last !== container.first) {
    throw new Error(`invalid ranges specified for container and host Ports: ${containerText} and ${hostText}`);
  }
  return { ip, host, container, protocol };
}

function hostPort(host: Range | undefined, container: Range, port: number): string {
  if (!host) return '';
  if (container.first === container.last && host.first !== host.last) return `${host.first}-${host.last}`;
  return String(host.first + port - container.first);
}

function parseRange(text: string): Range | undefined {
  const found = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(found?.[1]);
  const last = found?.[2] === undefined ? first : Number(found[2]);
  return found && first <= last && last <= 65535 ? { first, last } : undefined;
}
