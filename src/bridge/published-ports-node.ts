import { createServer, type Server, type Socket } from 'node:net';
import type { PublishedPort } from '../api/container-engine';
import { SandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import type { HostPorts } from '../engine/containers/host-ports';
import type { PageConnection } from '../engine/gateways';
import type { Endpoint } from '../network/gateway/sockets';
import { readableOf, writeBody } from './socket-streams-node';

type Connect = (network: string, to: Endpoint) => Promise<PageConnection>;

/** The published ports of containers as ports of the loopback of this machine. */
export class PublishedPorts implements HostPorts, Disposable {
  readonly #connect: Connect;
  readonly #open = new Map<number, OpenPort>();
  #disposed = false;

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  async open(port: number): Promise<void> {
    const open = await OpenPort.listen(port, this.#connect);
    if (this.#disposed) open.dispose();
    else this.#open.set(port, open);
  }

  close(port: number): void {
    this.#open.get(port)?.dispose();
    this.#open.delete(port);
  }

  /** Where open ports lead from now on: those of TCP among these. What leads nowhere is refused. */
  follow(ports: readonly PublishedPort[]): void {
    const published = new Map(
      ports.filter(({ protocol }) => protocol === 'tcp').map((each) => [each.hostPort, each] as const),
    );
    for (const [port, open] of this.#open) open.lead(published.get(port));
  }

  dispose(): void {
    this.#disposed = true;
    for (const port of [...this.#open.keys()]) this.close(port);
  }
}

class OpenPort implements Disposable {
  readonly #connect: Connect;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #published: PublishedPort | undefined;

  private constructor(connect: Connect) {
    this.#connect = connect;
    // A client that has said all may still want to hear.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      // What cannot be reached is refused, as by any other machine.
      this.#join(socket).catch(() => socket.resetAndDestroy());
    });
  }

  /** `FailedPrecondition` in docker's words. */
  static listen(port: number, connect: Connect): Promise<OpenPort> {
    return new Promise((resolve, reject) => {
      const open = new OpenPort(connect);
      const server = open.#server;
      const refused = (cause: Error): void => reject(portRefused(port, cause));
      server.once('error', refused);
      server.listen(port, '127.0.0.1', () => {
        server.removeListener('error', refused);
        // Of one connection that could not be taken, when this process has as many files as it may.
        server.on('error', () => undefined);
        resolve(open);
      });
    });
  }

  /** A connection that is open ends when its port leads elsewhere. */
  lead(to: PublishedPort | undefined): void {
    const before = this.#published;
    this.#published = to;
    if (!before || (to && isSame(before, to))) return;
    for (const socket of this.#sockets) socket.destroy();
  }

  dispose(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #join(socket: Socket): Promise<void> {
    const to = this.#published;
    if (!to) throw new SandboxError('Unavailable', 'It does not run yet');
    const input = readableOf(socket);
    const { readable, writable } = await this.#connect(to.network, { address: to.address, port: to.port });
    const sent = input.pipeTo(writable);
    const received = writeBody(readable, socket).then(() => socket.end());
    await Promise.all([sent, received]);
  }
}

/** Moby's words for what the kernel says (daemon/libnetwork/portallocator). */
function portRefused(port: number, cause: Error & { readonly code?: string }): SandboxError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'address already in use',
    EACCES: 'permission denied',
  };
  const reason = reasons[cause.code ?? ''] ?? cause.message;
  const message = `failed to bind host port 127.0.0.1:${port}/tcp: ${reason}`;
  return new SandboxError('FailedPrecondition', message, { cause, details: { port } });
}

function isSame(a: PublishedPort, b: PublishedPort): boolean {
  return a.container === b.container && a.network === b.network && a.address === b.address && a.port === b.port;
}
