import { join } from 'node:path';
import { readBlob, readManifest, readReferences } from '../../images/lib/oci-layout';
import { rootDirectory } from '../../images/lib/paths';
import type { UnikernelSpec } from '../../src/api/unikernel';
import { concatBytes } from '../../src/base/bytes';
import { systemClock } from '../../src/base/clock';
import { LwipStack } from '../../src/network/gateway/lwip-stack';
import type { TcpConnection } from '../../src/network/gateway/sockets';
import { createModuleHost } from '../../src/runtime/unikernel/hosted-module';
import type { UnikernelInstance } from '../../src/runtime/unikernel/unikernel-instance';
import type { Station } from './node-wire';
import { createTenderLab, type TenderLab } from './tender-lab';

/**
 * A unikernel's module as it is shipped, or, of one that is not shipped yet, as it was built last. Of one whose calls
 * wait it is the build that runs without JSPI.
 */
export function unikernelModule(name: string): Uint8Array<ArrayBuffer> {
  const directories = ['public/registry', 'build/registry'].map((path) => join(rootDirectory, path));
  for (const directory of directories) {
    const found = readReferences(directory).get(`strata/unikernel-${name}:1`);
    const layer = found && readManifest(directory, found).layers.at(-1);
    if (layer) return Uint8Array.from(readBlob(directory, layer));
  }
  throw new Error(`There is no unikernel ${name}: npm run images -- --only unikernels`);
}

/** Unikernels on a wire, and a station with a TCP/IP stack of its own to talk to them. */
export interface UnikernelLab {
  readonly tender: TenderLab;
  readonly stack: LwipStack;
  /** Starts an instance of one of ours, or of a module, by default with that name. */
  start(name: string | Uint8Array, change?: Partial<UnikernelSpec>, station?: Station): Promise<UnikernelInstance>;
  /** A request that says "Connection: close", and all that comes back. */
  ask(address: string, request: string, port?: number): Promise<string>;
  dispose(): Promise<void>;
}

/** `network`: which of the wire's networks the station is on. */
export async function createUnikernelLab(network = 0): Promise<UnikernelLab> {
  const tender = createTenderLab('threads');
  const station = tender.wire.station('client', { nics: network + 1 });
  const nic = (await station.resources.attachNics?.())?.[network];
  if (!nic) throw new Error('The wire gave no NIC');
  const stack = new LwipStack({
    host: createModuleHost({ clock: systemClock, random: (bytes) => crypto.getRandomValues(bytes) }),
    module: new WebAssembly.Module(unikernelModule('gateway')),
    nic: { mac: nic.mac, mtu: nic.mtu, port: nic.port },
    address: nic.address,
    prefixLength: nic.prefixLength,
    clock: systemClock,
  });
  const running: UnikernelInstance[] = [];
  return {
    tender,
    stack,
    async start(what, change = {}, place) {
      const [module, name] = typeof what === 'string' ? [unikernelModule(what), what] : [what, 'guest'];
      const instance = tender.make(module, { name, memoryMiB: 16, ...change }, place);
      running.push(instance);
      await instance.start();
      return instance;
    },
    async ask(address, request, port = 80) {
      const connection = await stack.connect({ address, port });
      await send(connection, request);
      const answer = await receiveAll(connection);
      // A server has closed by now, and waits for its client to do the same.
      await connection.writable.close();
      return new TextDecoder().decode(answer);
    },
    async dispose() {
      await Promise.all(running.filter(({ state }) => state.phase === 'running').map((instance) => instance.kill()));
      stack.dispose();
      await tender.dispose();
    },
  };
}

export async function send(connection: TcpConnection, text: string): Promise<void> {
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

/** All bytes up to the other side's end. */
export async function receiveAll(connection: TcpConnection): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of connection.readable) parts.push(part);
  return concatBytes(parts);
}

/** A request in HTTP/1.1 after which the server closes. */
export function httpRequest(method: string, path: string, body = '', headers: readonly string[] = []): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: test', 'Connection: close', ...headers];
  if (body !== '') lines.push(`Content-Length: ${new TextEncoder().encode(body).length}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** An answer as it came, with its end; header names in lower case. */
export function readHttpAnswer(text: string): HttpAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map(
    (line) => [line.split(': ')[0]?.toLowerCase() ?? '', line.slice(line.indexOf(': ') + 2)] as const,
  );
  return { status: Number(first.split(' ')[1]), headers: new Map(headers), body: text.slice(end + 4) };
}
