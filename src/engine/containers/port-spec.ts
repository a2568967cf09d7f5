import type { PortMap } from '../../api/container';
import { SandboxError } from '../../base/errors';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

export interface ContainerPort {
  readonly port: number;
  readonly protocol: PortProtocol;
}

/** A port of a container that is to be reached from outside. */
export interface WishedPort extends ContainerPort {
  /** As it was given; empty for every address. */
  readonly hostIp: string;
  /** The first of these that is free; undefined: any. */
  readonly host: { readonly first: number; readonly last: number } | undefined;
}

/** `80`, `80/tcp`. `InvalidArgument` in docker's words. */
export function parsePort(text: string): ContainerPort {
  const [number = '', protocol = 'tcp', ...more] = text.toLowerCase().split('/');
  if (more.length > 0 || !isProtocol(protocol)) throw invalid(`invalid port specification: "${text}"`);
  const port = portNumber(number);
  if (port === undefined || port === 0) throw invalid(`invalid containerPort: ${number}`);
  return { port, protocol };
}

export function portKey({ port, protocol }: ContainerPort): string {
  return `${port}/${protocol}`;
}

/** The ports that a container publishes, in the order of their numbers. With `all` those that it exposes, too. */
export function wishedPorts(bindings: PortMap, exposed: readonly string[], all: boolean): readonly WishedPort[] {
  const wishes = Object.entries(bindings).flatMap(([key, list]) => {
    const port = parsePort(key);
    const given = list?.length ? list : [{}];
    return given.map((binding): WishedPort => {
      const { HostIp = '', HostPort = '' } = binding;
      return { ...port, hostIp: HostIp, host: parseHostPort(HostPort) };
    });
  });
  const known = new Set(Object.keys(bindings).map((key) => portKey(parsePort(key))));
  const further = all ? exposed.map(parsePort).filter((port) => !known.has(portKey(port))) : [];
  return [...wishes, ...further.map((port): WishedPort => ({ ...port, hostIp: '', host: undefined }))].sort(
    (a, b) => a.port - b.port,
  );
}

/** Whether stations reach it at a gateway with this address: not what is for the loopback, which is the page's, nor UDP. */
export function isReachedAt({ protocol, hostIp }: Pick<WishedPort, 'protocol' | 'hostIp'>, gateway: string): boolean {
  return protocol === 'tcp' && ['', '0.0.0.0', gateway].includes(hostIp);
}

/** Docker's words for a port that somebody has. */
export function portTaken(hostIp: string, port: number): SandboxError {
  const address = hostIp === '' ? '0.0.0.0' : hostIp;
  return new SandboxError('FailedPrecondition', `Bind for ${address}:${port} failed: port is already allocated`, {
    details: { port },
  });
}

function parseHostPort(text: string): WishedPort['host'] {
  if (text === '') return undefined;
  const [from = '', to = from, ...more] = text.split('-');
  const first = portNumber(from);
  const last = portNumber(to);
  if (first === undefined || last === undefined || more.length > 0 || last < first) {
    throw invalid(`invalid port specification: "${text}"`);
  }
  return first === 0 ? undefined : { first, last };
}

function portNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function isProtocol(text: string): text is PortProtocol {
  return text === 'tcp' || text === 'udp' || text === 'sctp';
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
