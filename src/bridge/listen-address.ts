import { SandboxError } from '../base/errors';

/** Where clients come in. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  /** 0: a port that is free. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

const loopback = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Reads `unix:PATH`, `unix://PATH` or `tcp://127.0.0.1:PORT`. `InvalidArgument` for anything else: whoever can speak to the
 * engine can do all that it can, so only this machine may.
 */
export function parseListenAddress(text: string): ListenAddress {
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(text)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: unix };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:[\]/]+):(\d{1,5})\/?$/.exec(text);
  const [, host = '', port = ''] = tcp ?? [];
  if (tcp && Number(port) <= 65_535) {
    if (loopback.includes(host)) return { kind: 'tcp', host: host.replace(/[[\]]/g, ''), port: Number(port) };
    throw new SandboxError(
      'InvalidArgument',
      `Cannot listen at ${host}: only this machine may speak to the engine, at 127.0.0.1`,
    );
  }
  throw new SandboxError('InvalidArgument', `Cannot listen at ${text}: give unix:PATH or tcp://127.0.0.1:PORT`);
}

/** As `DOCKER_HOST` has it. */
export function serializeListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
