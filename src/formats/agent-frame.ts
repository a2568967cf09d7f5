import { SandboxError } from '../base/errors';

/**
 * The frame layer of the agent's protocol: images/guest/agent/wire.h and docs/AGENT.md say the same.
 * A frame is {u32 length, u8 type, u8 channel, u16 0, u32 stream}, `length` bytes of payload, and a trailer.
 */
export const frameTypes = {
  hello: 1,
  goodbye: 2,
  reply: 3,
  error: 4,
  exec: 16,
  data: 17,
  end: 18,
  close: 19,
  credit: 20,
  resize: 21,
  signal: 22,
  exit: 23,
  ping: 32,
  network: 33,
  clock: 34,
  entropy: 35,
  identity: 36,
  stats: 37,
  consoleResize: 38,
  powerOff: 39,
  trim: 40,
  scanDevices: 41,
} as const;

export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

/** Bytes of payload that a frame can carry. */
export const maxPayload = 65536;
export const headerSize = 12;
export const trailerSize = 4;
const maxFrame = headerSize + maxPayload + trailerSize;

const trailer = 0x0d0a4153;
const filler = 0xff;
const magic = new TextEncoder().encode('?STRATA-AGENT\r\n\x1a');
magic[0] = 0xf1;

const knownTypes: ReadonlySet<number> = new Set(Object.values(frameTypes));

export interface AgentFrame {
  readonly type: FrameType;
  /** 0 stdin, 1 stdout, 2 stderr; 0 where it means nothing. */
  readonly channel: number;
  /** Program or request that it belongs to. */
  readonly stream: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

export function serializeFrame(frame: AgentFrame): Uint8Array<ArrayBuffer> {
  const { length } = frame.payload;
  if (length > maxPayload) {
    throw new SandboxError(
      'InvalidArgument',
      `${length} bytes are too many for one message: at most ${maxPayload} fit`,
    );
  }
  const bytes = new Uint8Array(headerSize + length + trailerSize);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, frame.type);
  view.setUint8(5, frame.channel);
  view.setUint32(8, frame.stream, true);
  bytes.set(frame.payload, headerSize);
  view.setUint32(headerSize + length, trailer, true);
  return bytes;
}

/**
 * What goes before a hello that begins a session: filler, which ends any frame that the reader may be in the
 * middle of and cannot begin one, then the magic, which a reader that lost its place looks for.
 */
export function createPreamble(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(maxFrame + magic.length).fill(filler);
  bytes.set(magic, maxFrame);
  return bytes;
}

/** What a parser knows of the stream's past, to go on elsewhere. */
export interface FrameParserState {
  /** The beginning of a frame. */
  readonly bytes: Uint8Array;
  readonly synced: boolean;
  readonly afterMagic: boolean;
}

/**
 * Cuts a byte stream into frames, whatever pieces it comes in. It begins out of step: everything up to the
 * first magic that a hello follows is skipped. Once in step, bytes that are no frame throw `DataLoss`, and it is out of
 * step again. A preamble is one such case, told apart by `details.restarted`: the agent began anew.
 */
export class FrameParser {
  #buffer = new Uint8Array(2 * maxFrame);
  #start = 0;
  #end = 0;
  #synced = false;
  #afterMagic = false;

  constructor(state?: FrameParserState) {
    if (!state) return;
    if (state.bytes.length > this.#buffer.length) {
      throw new SandboxError('DataLoss', `A frame cannot begin with ${state.bytes.length} bytes`);
    }
    this.#buffer.set(state.bytes);
    this.#end = state.bytes.length;
    this.#synced = state.synced;
    this.#afterMagic = state.afterMagic;
  }

  get state(): FrameParserState {
    const bytes = this.#buffer.slice(this.#start, this.#end);
    return { bytes, synced: this.#synced, afterMagic: this.#afterMagic };
  }

  /** Looks for a magic again, as it does at the beginning. */
  search(): void {
    this.#synced = false;
    this.#afterMagic = false;
  }

  /**
   * Hands over every frame that is complete now. A payload may be a view of `bytes`, which are the receiver's
   * from now on. After a throw, here or in `onFrame`, what was not handed over is still there: push nothing and
   * it comes.
   */
  push(bytes: Uint8Array<ArrayBuffer>, onFrame: (frame: AgentFrame) => void): void {
    let rest: Uint8Array = this.#pushWhole(bytes, onFrame);
    do {
      rest = this.#fill(rest);
      for (let frame = this.#next(); frame; frame = this.#next()) onFrame(frame);
    } while (rest.length > 0);
  }

  /** The frames that lie in `bytes` from end to end need no copy; the rest comes back. */
  #pushWhole(bytes: Uint8Array<ArrayBuffer>, onFrame: (frame: AgentFrame) => void): Uint8Array {
    let rest = bytes;
    while (this.#start === this.#end && this.#synced && !this.#afterMagic) {
      const frame = wholeFrame(rest);
      if (!frame) break;
      rest = rest.subarray(headerSize + frame.payload.length + trailerSize);
      try {
        onFrame(frame);
      } catch (error) {
        this.#fill(rest);
        throw error;
      }
    }
    return rest;
  }

  /** Takes what fits of `bytes`; the rest comes back. */
  #fill(bytes: Uint8Array): Uint8Array {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const count = Math.min(bytes.length, this.#buffer.length - this.#end);
    this.#buffer.set(bytes.subarray(0, count), this.#end);
    this.#end += count;
    return bytes.subarray(count);
  }

  #next(): AgentFrame | undefined {
    while (this.#synced || this.#findMagic()) {
      if (this.#end - this.#start < headerSize) return undefined;
      const view = new DataView(this.#buffer.buffer, this.#start, this.#end - this.#start);
      const length = view.getUint32(0, true);
      const type = view.getUint8(4);
      const wrong = length > maxPayload || !knownTypes.has(type) || (this.#afterMagic && type !== frameTypes.hello);
      if (wrong) {
        this.#lose(length === 0xffffffff);
        continue;
      }
      const size = headerSize + length + trailerSize;
      if (view.byteLength < size) return undefined;
      const mark = view.getUint32(headerSize + length, true);
      const start = this.#start + headerSize;
      this.#start += size;
      if (mark !== trailer) {
        this.#lose(mark === 0xffffffff);
        continue;
      }
      this.#afterMagic = false;
      const payload = this.#buffer.slice(start, start + length);
      return { type: type as FrameType, channel: view.getUint8(5), stream: view.getUint32(8, true), payload };
    }
    return undefined;
  }

  /** Out of step. Said aloud unless this was only a false magic while looking for the right one. */
  #lose(restarted: boolean): void {
    const looking = this.#afterMagic;
    this.search();
    if (looking) return;
    const message = restarted ? 'The agent in the guest was restarted' : 'Bytes from the agent that are no message';
    throw new SandboxError('DataLoss', message, { details: { restarted } });
  }

  /** Skips to behind the next magic. No byte of it but the first equals the first. */
  #findMagic(): boolean {
    while (this.#start < this.#end) {
      const at = this.#buffer.subarray(0, this.#end).indexOf(magic[0] ?? 0, this.#start);
      if (at < 0) break;
      this.#start = at;
      const count = Math.min(magic.length, this.#end - at);
      const matches = magic.subarray(0, count).every((byte, index) => this.#buffer[at + index] === byte);
      if (matches && count < magic.length) return false;
      this.#start += matches ? magic.length : 1;
      if (!matches) continue;
      this.#synced = true;
      this.#afterMagic = true;
      return true;
    }
    this.#start = 0;
    this.#end = 0;
    return false;
  }
}

/** The frame at the beginning of `bytes`; undefined when it is not there whole, or is none. */
function wholeFrame(bytes: Uint8Array<ArrayBuffer>): AgentFrame | undefined {
  if (bytes.length < headerSize + trailerSize) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(0, true);
  const type = view.getUint8(4);
  if (length > bytes.length - headerSize - trailerSize || length > maxPayload || !knownTypes.has(type)) {
    return undefined;
  }
  if (view.getUint32(headerSize + length, true) !== trailer) return undefined;
  const payload = bytes.subarray(headerSize, headerSize + length);
  return { type: type as FrameType, channel: view.getUint8(5), stream: view.getUint32(8, true), payload };
}
