import { SlabReader } from '../../src/formats/frame-slab';
import { acceptPort } from '../../src/rpc/accept-browser';
import { expose } from '../../src/rpc/control';
import { type ReceivedSlab, SlabPort } from '../../src/rpc/slab-port';

export interface ClientPlace {
  readonly mac: Uint8Array;
  readonly address: Uint8Array;
}

export interface Target extends ClientPlace {
  readonly path: string;
  /** GET at port 80 when it is not said. */
  readonly method?: string;
  readonly port?: number;
}

export interface Load {
  readonly connections: number;
  readonly forMs: number;
  /** Requests on each connection before it makes place for the next one; for ever when absent. */
  readonly requestsEach?: number;
}

export interface LoadResult {
  readonly answered: number;
  /** Connections that the other side ended, or that got no answer in the last second. */
  readonly lost: number;
}

const [ethernet, ip, tcp] = [14, 20, 20];
const at = { tcp: ethernet + ip, payload: ethernet + ip + tcp } as const;
const flag = { fin: 1, syn: 2, rst: 4, ack: 16, push: 8 } as const;

interface Connection {
  readonly target: Target;
  readonly request: Uint8Array;
  readonly port: number;
  /** Called with each whole response; true asks again. */
  readonly answered: () => boolean;
  /** The other side has ended it. */
  readonly ended: () => void;
  /** When it last asked, `performance.now()`. */
  asked: number;
  sequence: number;
  acknowledged: number;
  open: boolean;
  /** Of the response that is coming in; its length is known once its head was seen. */
  received: number;
  expected: number;
}

/**
 * Just enough of a TCP client to load a server with: it asks the next as soon as it has been answered, acknowledges
 * with it, and takes a wire that loses nothing for granted. So what is measured is the server.
 */
export class BenchHttpClient {
  readonly #connections = new Map<number, Connection>();
  #cable: SlabPort | undefined;
  #place: ClientPlace = { mac: new Uint8Array(6), address: new Uint8Array(4) };
  #lastPort = 10_000;

  ping(): void {}

  plug(port: MessagePort, place: ClientPlace): void {
    this.#place = place;
    this.#cable = new SlabPort(port);
    this.#cable.received((slab) => this.#receive(slab));
    this.#cable.setLink({ up: true, offload: false });
  }

  /**
   * Resolves when a first request has been answered, retried until somebody is there; milliseconds. Throws when nobody
   * answers in `limitMs`.
   */
  async fetchOnce(target: Target, limitMs = 10_000): Promise<number> {
    const begun = performance.now();
    await new Promise<void>((resolve, reject) => {
      const connection = this.#connect(target, () => {
        clearInterval(retry);
        resolve();
        return false;
      });
      const retry = setInterval(() => {
        if (performance.now() - begun < limitMs) return this.#sendSyn(connection);
        clearInterval(retry);
        this.#connections.delete(connection.port);
        const state = connection.open ? `${connection.received} bytes of an answer` : 'no connection';
        reject(new Error(`${target.address.join('.')} gave ${state} in ${limitMs} ms`));
      }, 1);
    });
    return performance.now() - begun;
  }

  /** Requests answered in so many milliseconds, over so many connections at once. */
  async load(
    target: Target,
    { connections, forMs, requestsEach = Number.POSITIVE_INFINITY }: Load,
  ): Promise<LoadResult> {
    let answered = 0;
    let lost = 0;
    let asking = true;
    const places = new Map<number, Connection>();
    const connect = (place: number): void => {
      let left = requestsEach;
      const next = (): boolean => {
        answered += 1;
        left -= 1;
        if (asking && left <= 0) connect(place);
        return asking && left > 0;
      };
      const ended = (): void => {
        lost += 1;
        if (asking) connect(place);
      };
      places.set(place, this.#connect(target, next, ended));
    };
    for (let place = 0; place < connections; place += 1) connect(place);
    await new Promise((resolve) => setTimeout(resolve, forMs));
    asking = false;
    const patience = performance.now() - 1000;
    for (const connection of places.values()) {
      if (connection.asked < patience) lost += 1;
      if (this.#connections.has(connection.port)) this.#leave(connection);
    }
    return { answered, lost };
  }

  #connect(target: Target, answered: () => boolean, ended = () => {}): Connection {
    this.#lastPort = this.#lastPort >= 60_000 ? 10_000 : this.#lastPort + 1;
    const port = this.#lastPort;
    const { method = 'GET', path } = target;
    const request = new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: 0\r\n\r\n`);
    const begin = { sequence: port * 1000, acknowledged: 0, open: false, received: 0, expected: 0 };
    const connection: Connection = { target, request, port, answered, ended, asked: performance.now(), ...begin };
    this.#connections.set(port, connection);
    this.#sendSyn(connection);
    return connection;
  }

  #sendSyn(connection: Connection): void {
    // A maximum segment size of 1460 (RFC 9293, 3.7.1).
    if (!connection.open) this.#send(connection, flag.syn, Uint8Array.of(2, 4, 5, 180), tcp + 4);
  }

  #receive(slab: ReceivedSlab): void {
    const reader = new SlabReader(slab);
    while (reader.next()) this.#take(reader.bytes.subarray(reader.frameStart, reader.frameEnd));
    slab.release();
    this.#cable?.flush();
  }

  #take(frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const type = view.getUint16(12);
    if (type === 0x0806) this.#answerArp(frame, view);
    if (type !== 0x0800 || frame[23] !== 6) return;
    const connection = this.#connections.get(view.getUint16(at.tcp + 2));
    if (connection) this.#takeSegment(connection, frame, view);
  }

  #takeSegment(connection: Connection, frame: Uint8Array, view: DataView): void {
    const flags = view.getUint8(at.tcp + 13);
    const sequence = view.getUint32(at.tcp + 4);
    // Before that it is somebody who is not there yet.
    if (connection.open && flags & (flag.rst | flag.fin)) {
      this.#connections.delete(connection.port);
      connection.ended();
      return;
    }
    if (flags & flag.syn) {
      if (connection.open) return;
      connection.open = true;
      connection.sequence += 1;
      connection.acknowledged = (sequence + 1) >>> 0;
      this.#ask(connection);
      return;
    }
    const start = at.tcp + (view.getUint8(at.tcp + 12) >> 4) * 4;
    const length = view.getUint16(ethernet + 2) + ethernet - start;
    if (length <= 0 || sequence !== connection.acknowledged) return;
    connection.acknowledged = (sequence + length) >>> 0;
    if (connection.received === 0) connection.expected = responseLength(frame.subarray(start, start + length));
    connection.received += length;
    if (connection.received < connection.expected) {
      this.#send(connection, flag.ack);
      return;
    }
    connection.received = 0;
    if (connection.answered()) this.#ask(connection);
    else this.#leave(connection);
  }

  #ask(connection: Connection): void {
    connection.asked = performance.now();
    this.#send(connection, flag.ack | flag.push, connection.request);
    connection.sequence = (connection.sequence + connection.request.length) >>> 0;
  }

  /** A reset: the server keeps nothing of it. */
  #leave(connection: Connection): void {
    this.#send(connection, flag.rst | flag.ack);
    this.#connections.delete(connection.port);
  }

  #send(connection: Connection, flags: number, payload: Uint8Array = new Uint8Array(0), headerLength = tcp): void {
    const { target, port, sequence, acknowledged } = connection;
    const options = headerLength > tcp;
    const frame = new Uint8Array(at.payload + payload.length);
    const view = new DataView(frame.buffer);
    frame.set(target.mac);
    frame.set(this.#place.mac, 6);
    view.setUint16(12, 0x0800);
    view.setUint16(14, 0x4500);
    view.setUint16(16, ip + tcp + payload.length);
    view.setUint16(22, 0x4006);
    frame.set(this.#place.address, 26);
    frame.set(target.address, 30);
    view.setUint16(24, checksum(view, ethernet, ip, 0));
    view.setUint16(at.tcp, port);
    view.setUint16(at.tcp + 2, target.port ?? 80);
    view.setUint32(at.tcp + 4, sequence);
    view.setUint32(at.tcp + 8, flags & flag.syn ? 0 : acknowledged);
    view.setUint16(at.tcp + 12, ((options ? headerLength : tcp) << 10) | flags);
    view.setUint16(at.tcp + 14, 65_535);
    frame.set(payload, at.payload);
    const length = tcp + payload.length;
    // The pseudo header: both addresses, the protocol and the length (RFC 9293, 3.1).
    const pseudo = sumWords(view, 26, 8) + 6 + length;
    view.setUint16(at.tcp + 16, checksum(view, at.tcp, length, pseudo));
    this.#cable?.send(frame);
  }

  #answerArp(frame: Uint8Array, view: DataView): void {
    const { mac, address } = this.#place;
    const forUs = view.getUint16(20) === 1 && address.every((byte, index) => frame[38 + index] === byte);
    if (!forUs) return;
    const reply = frame.slice(0, 42);
    reply.set(frame.subarray(6, 12));
    reply.set(mac, 6);
    reply[21] = 2;
    reply.set(frame.subarray(22, 32), 32);
    reply.set(mac, 22);
    reply.set(address, 28);
    this.#cable?.send(reply);
  }
}

/** Of the whole response, from its head, which fits a segment. */
function responseLength(segment: Uint8Array): number {
  const text = new TextDecoder().decode(segment);
  const body = /content-length: (\d+)/i.exec(text)?.[1] ?? '0';
  return text.indexOf('\r\n\r\n') + 4 + Number(body);
}

function sumWords(view: DataView, start: number, length: number): number {
  let sum = 0;
  for (let offset = start; offset + 1 < start + length; offset += 2) sum += view.getUint16(offset);
  if (length % 2 === 1) sum += view.getUint8(start + length - 1) << 8;
  return sum;
}

/** The Internet checksum (RFC 1071). */
function checksum(view: DataView, start: number, length: number, more: number): number {
  let sum = sumWords(view, start, length) + more;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

acceptPort((port) => expose(new BenchHttpClient(), port));
