import { createServer, type Server, type Socket } from 'node:net';
import type { ContainerSummary } from '../api/container';
import { SandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import type { PageConnection } from '../engine/gateways';
import type { Endpoint } from '../network/gateway/sockets';
import { readableOf, writeBody } from './socket-streams-node';

/** A port of this machine that leads to one of a container. */
export interface PublishedPort {
  readonly port: number;
  /** Name of the lab's network. */
  readonly network: string;
  readonly to: Endpoint;
}

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

  /** Opens and closes ports until they are these. A connection that is open ends with its port. */
  follow(ports: readonly PublishedPort[]): void {
    const wanted = new Map(ports.map((each) => [each.port, each]));
    for (const [port, open] of this.#servers) {
      const now = wanted.get(port);
      if (now && JSON.stringify(now) === JSON.stringify(open.published)) continue;
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
    const { port, network, to } = published;
    // A client that has said all may still want to hear.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      // What cannot be reached is refused, as by any other machine.
      join(socket, () => connect(network, to)).catch(() => socket.resetAndDestroy());
    });
    this.#server.once('error', (cause) => {
      const message = `Port ${port} of this machine cannot be opened: ${cause.message}`;
      failed(new SandboxError('FailedPrecondition', message, { cause }));
    });
    this.#server.listen(port, '127.0.0.1');
  }

  dispose(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function join(socket: Socket, connect: () => Promise<PageConnection>): Promise<void> {
  const input = readableOf(socket);
  const { readable, writable } = await connect();
  const sent = input.pipeTo(writable);
  const received = writeBody(readable, socket).then(() => socket.end());
  await Promise.all([sent, received]);
}

/** What containers that run have published by TCP. Docker's `bridge` is the lab's default network. */
export function publishedPorts(containers: readonly ContainerSummary[], defaultNetwork: string): PublishedPort[] {
  return containers.flatMap(({ Ports, NetworkSettings }) => {
    const [name, endpoint] = Object.entries(NetworkSettings.Networks).find(([, { IPAddress }]) => IPAddress) ?? [];
    if (name === undefined || !endpoint?.IPAddress) return [];
    const network = name === 'bridge' ? defaultNetwork : name;
    const address = endpoint.IPAddress;
    return Ports.flatMap(({ Type, PublicPort, PrivatePort }) =>
      Type === 'tcp' && PublicPort ? [{ port: PublicPort, network, to: { address, port: PrivatePort } }] : [],
    );
  });
}
