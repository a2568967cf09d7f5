import { createServer, type Server, type Socket } from 'node:net';
import type { PublishedPort } from '../api/container-engine';
import { SandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import type { PageConnection } from '../engine/gateways';
import type { Endpoint } from '../network/gateway/sockets';
import { readableOf, writeBody } from './socket-streams-node';

export interface PublishedPortsOptions {
  connect(network: string, to: Endpoint): Promise<PageConnection>;
  /** A port that cannot be opened, for people; it is tried again when it is published again. */
  failed(error: SandboxError): void;
}

/** The published ports of containers as ports of the loopback of this machine. */
export class PublishedPorts implements Disposable {
  readonly #options: PublishedPortsOptions;
  readonly #servers = new Map<number, OpenPort>();

  constructor(options: PublishedPortsOptions) {
    this.#options = options;
  }

  /** Opens and closes ports until they are these, those of TCP. A connection that is open ends with its port. */
  follow(ports: readonly PublishedPort[]): void {
    const wanted = new Map(ports.filter(({ protocol }) => protocol === 'tcp').map((each) => [each.hostPort, each]));
    for (const [port, open] of this.#servers) {
      const now = wanted.get(port);
      if (now && isSame(now, open.published)) continue;
      open.dispose();
      this.#servers.delete(port);
    }
    for (const [port, published] of wanted) {
      if (!this.#servers.has(port)) this.#servers.set(port, new OpenPort(published, this.#options));
    }
  }

  dispose(): void {
    this.follow([]);
  }
}

class OpenPort implements Disposable {
  readonly published: PublishedPort;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(published: PublishedPort, { connect, failed }: PublishedPortsOptions) {
    this.published = published;
    const { hostPort, network, address, port } = published;
    // A client that has said all may still want to hear.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      // What cannot be reached is refused, as by any other machine.
      join(socket, () => connect(network, { address, port })).catch(() => socket.resetAndDestroy());
    });
    this.#server.once('error', (cause) => {
      const message = `Port ${hostPort} of this machine cannot be opened: ${cause.message}`;
      failed(new SandboxError('FailedPrecondition', message, { cause }));
    });
    this.#server.listen(hostPort, '127.0.0.1');
  }

  dispose(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function isSame(a: PublishedPort, b: PublishedPort): boolean {
  return a.container === b.container && a.network === b.network && a.address === b.address && a.port === b.port;
}

async function join(socket: Socket, connect: () => Promise<PageConnection>): Promise<void> {
  const input = readableOf(socket);
  const { readable, writable } = await connect();
  const sent = input.pipeTo(writable);
  const received = writeBody(readable, socket).then(() => socket.end());
  await Promise.all([sent, received]);
}
