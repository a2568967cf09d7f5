import { concatBytes } from '../../base/bytes';
import { malformed } from './packet-reader';

/** One frame of the WebSocket protocol (RFC 6455, 5.2). */
export interface WebSocketFrame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** RFC 6455, 11.8. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const known: ReadonlySet<number> = new Set(Object.values(opcodes));
const what = 'a WebSocket frame';

/** The longest payload of a control frame (RFC 6455, 5.5). */
export const maxControlBytes = 125;

/** A frame as a client sends it: with a mask of four random bytes, or as a server does: without. */
export function serializeWebSocketFrame(
  { final, opcode, payload }: WebSocketFrame,
  mask?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const sizeBytes = length <= maxControlBytes ? 0 : length <= 0xffff ? 2 : 8;
  const head = new Uint8Array(2 + sizeBytes + (mask ? 4 : 0));
  const view = new DataView(head.buffer);
  view.setUint8(0, (final ? 0x80 : 0) | opcode);
  view.setUint8(1, (mask ? 0x80 : 0) | (sizeBytes === 0 ? length : sizeBytes === 2 ? 126 : 127));
  if (sizeBytes === 2) view.setUint16(2, length);
  if (sizeBytes === 8) view.setBigUint64(2, BigInt(length));
  if (!mask) return concatBytes([head, payload]);
  head.set(mask, 2 + sizeBytes);
  return concatBytes([head, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** Takes the frames of a server out of the bytes of a connection. */
export class WebSocketFrameReader {
  readonly #maxBytes: number;
  /** What has come and is in no frame yet; joined when it is enough for the next step. */
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #needed = 2;

  /** `maxBytes`: the longest payload that is taken. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The frames that are complete now. `InvalidArgument` for what no server may send. */
  push(bytes: Uint8Array<ArrayBuffer>): readonly WebSocketFrame[] {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    const frames: WebSocketFrame[] = [];
    while (this.#bytes >= this.#needed) {
      const frame = this.#take(concatBytes(this.#parts));
      if (frame) frames.push(frame);
    }
    return frames;
  }

  /** The frame that these bytes begin with; none when they are not enough, and then what is needed is known better. */
  #take(rest: Uint8Array<ArrayBuffer>): WebSocketFrame | undefined {
    this.#parts = [rest];
    const view = new DataView(rest.buffer);
    const [first, second] = [view.getUint8(0), view.getUint8(1)];
    const [final, opcode] = [first >= 0x80, first & 0x0f];
    if ((first & 0x70) !== 0) throw malformed(what, 'it uses an extension that nobody asked for');
    if (!known.has(opcode)) throw malformed(what, `its opcode is ${opcode}`);
    if (second >= 0x80) throw malformed(what, 'it is masked, as only those of clients may be');
    const short = second & 0x7f;
    if (opcode >= opcodes.close && (!final || short > maxControlBytes)) {
      throw malformed(what, 'it is a control frame that is cut or too long');
    }
    const sizeBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    this.#needed = 2 + sizeBytes;
    if (rest.length < this.#needed) return undefined;
    const size = sizeBytes === 0 ? short : sizeBytes === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    if (size > this.#maxBytes) throw malformed(what, `it has ${size} bytes, more than ${this.#maxBytes}`);
    const end = 2 + sizeBytes + size;
    this.#needed = end;
    if (rest.length < end) return undefined;
    this.#parts = [rest.slice(end)];
    this.#bytes -= end;
    this.#needed = 2;
    return { final, opcode, payload: rest.slice(2 + sizeBytes, end) };
  }
}
