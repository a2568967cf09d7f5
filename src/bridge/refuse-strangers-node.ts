import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', 'docker']);

/**
 * Why a request is not for whom it came to; undefined: it is. A page of the web can make a browser of this machine ask: with
 * an `Origin` then, or under a name of its own that leads here (DNS rebinding). Docker's clients send no origin, and the
 * address that they were told as the host. A socket's file is out of a browser's reach.
 */
export function strangeRequest({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined {
  if (isFile(socket)) return undefined;
  if (headers.origin !== undefined) return 'pages of the web may not speak to the engine';
  const host = headers.host ?? '';
  const name = host.replace(/:\d*$/, '').toLowerCase();
  // HTTP/1.0 has no such header, and no browser speaks it.
  if (host === '' || loopbackNames.has(name) || name === addressOf(socket)) return undefined;
  return `the engine is not known by the name ${JSON.stringify(name)}: use the address that it listens at`;
}

function isFile({ remoteFamily, localAddress }: Socket): boolean {
  return remoteFamily === undefined && localAddress === undefined;
}

function addressOf({ localAddress = '' }: Socket): string {
  const address = localAddress.replace(/^::ffff:/, '');
  return address.includes(':') ? `[${address}]` : address;
}
