import {
  type BufferPool,
  type FrameSlab,
  gsoType,
  SlabReader,
  SlabWriter,
  virtioField,
  virtioFlag,
  virtioHeaderBytes,
} from '../formats/frame-slab';
import { ethernetBytes, etherType, etherTypeAt } from '../formats/wire/ethernet';
import { internetChecksum } from '../formats/wire/internet-checksum';
import { ipProtocol } from '../formats/wire/ipv4';
import { tcpFlag } from '../formats/wire/tcp';

/** A slab that stands for another one, with fewer frames. */
export interface JoinedSlab extends FrameSlab {
  readonly frames: number;
  /** Bytes of the frames alone. */
  readonly frameBytes: number;
}

/** Where fields are, from the frame's start: an IPv4 header without options stands in an untagged frame. */
const ipAt = ethernetBytes;
const tcpAt = ipAt + 20;
const at = {
  totalLength: ipAt + 2,
  id: ipAt + 4,
  fragment: ipAt + 6,
  protocol: ipAt + 9,
  ipChecksum: ipAt + 10,
  addresses: ipAt + 12,
  sequence: tcpAt + 4,
  acknowledgment: tcpAt + 8,
  dataOffset: tcpAt + 12,
  flags: tcpAt + 13,
  window: tcpAt + 14,
  checksum: tcpAt + 16,
  urgent: tcpAt + 18,
  options: tcpAt + 20,
} as const;

/** The longest IP packet there is (RFC 791, 3.1). */
const maxPacketBytes = 65_535;

/** Words of 32 bits that have to be the same in all frames of a segment; shorter fields and options are beside them. */
const sameWords = [0, 4, 8, 12, at.fragment, at.addresses, at.addresses + 4, tcpAt, at.acknowledgment] as const;

/**
 * Joins TCP frames that follow each other in a slab, in one flow and without a gap, to large segments, as Linux does with
 * what a card has received (tcp_gro_receive in net/ipv4/tcp_offload.c). Who gets them has one packet to look at in place of
 * forty, and no checksums. Cut again they are the same frames, bit for bit; whatever they could not be made from again is
 * left alone, and the order of frames is kept.
 *
 * `targets` says where each frame goes: only what goes the same way and `takes` segments is joined. On return it has one
 * for each frame of the new slab. Undefined when there is nothing to join; the given slab is never changed.
 */
export function joinSegments<T>(
  slab: FrameSlab,
  targets: T[],
  takes: (target: T) => boolean,
  pool: BufferPool,
): JoinedSlab | undefined {
  const runs = findRuns(slab, targets, takes);
  if (runs.length === targets.length || !fitsSlab(slab.bytes, runs.length)) return undefined;
  const writer = new SlabWriter(pool);
  const reader = new SlabReader(slab);
  let [first, frameBytes] = [0, 0];
  for (const [index, run] of runs.entries()) {
    reader.next();
    if (run.frames === 1) writer.copy(reader.bytes, reader.start, reader.length);
    else writeSegment(writer.reserve(run.frameBytes), reader, run);
    targets[index] = targets[first] as T;
    first += run.frames;
    frameBytes += run.frameBytes;
  }
  targets.length = runs.length;
  return { ...writer.take(), frames: runs.length, frameBytes };
}

/** Whoever sends a slab that is larger than ours are gets it through as it is. */
function fitsSlab(bytes: number, frames: number): boolean {
  return bytes <= SlabWriter.maxBytes && frames <= SlabWriter.maxFrames;
}

/** Frames that are one afterwards, and how long that one is. */
interface Run {
  frames: number;
  frameBytes: number;
}

function findRuns<T>(slab: FrameSlab, targets: readonly T[], takes: (target: T) => boolean): readonly Run[] {
  const reader = new SlabReader(slab);
  const segment = new GrowingSegment(reader);
  const runs: Run[] = [];
  let run: Run | undefined;
  for (const [index, target] of targets.entries()) {
    reader.next();
    const follows = run !== undefined && target === targets[index - 1] && takes(target);
    if (run && follows && segment.take()) {
      run.frames += 1;
      run.frameBytes = segment.frameBytes;
      continue;
    }
    segment.begin();
    run = { frames: 1, frameBytes: reader.length };
    runs.push(run);
  }
  return runs;
}

/** What the frames of a run come to, as long as they can be joined. */
class GrowingSegment {
  readonly #reader: SlabReader;
  /** Where its first frame begins, and how many bytes of that are headers. */
  #head = 0;
  #headerBytes = 0;
  /** Payload of each frame but the last. */
  #size = 0;
  #frames = 0;
  #payload = 0;
  /** Whether another frame can follow. */
  #open = false;
  /** Whether the first frame's checksums are known to be right. */
  #sound = false;

  constructor(reader: SlabReader) {
    this.#reader = reader;
  }

  get frameBytes(): number {
    return this.#headerBytes + this.#payload;
  }

  /** Begins with the frame at which the reader stands. */
  begin(): void {
    const { view, frameStart, length } = this.#reader;
    this.#open = isData(this.#reader) && !hasPush(view, frameStart);
    if (!this.#open) return;
    this.#head = frameStart;
    this.#headerBytes = headerBytesOf(view, frameStart);
    this.#size = length - this.#headerBytes;
    this.#payload = this.#size;
    this.#frames = 1;
    this.#sound = false;
  }

  /** Adds the frame at which the reader stands. False when it does not follow, or could not be made again. */
  take(): boolean {
    if (!this.#open || !this.#follows()) return false;
    const { bytes, view, frameStart, frameEnd } = this.#reader;
    this.#sound ||= isSound(bytes, this.#head, this.#head + this.#headerBytes + this.#size);
    if (!this.#sound || !isSound(bytes, frameStart, frameEnd)) return false;
    const payload = frameEnd - frameStart - this.#headerBytes;
    this.#frames += 1;
    this.#payload += payload;
    this.#open = payload === this.#size && !hasPush(view, frameStart);
    return true;
  }

  #follows(): boolean {
    const { view, frameStart, length } = this.#reader;
    const payload = length - this.#headerBytes;
    return (
      isData(this.#reader) &&
      payload <= this.#size &&
      this.frameBytes + payload - ipAt <= maxPacketBytes &&
      view.getUint32(frameStart + at.sequence) === (view.getUint32(this.#head + at.sequence) + this.#payload) >>> 0 &&
      view.getUint16(frameStart + at.id) === ((view.getUint16(this.#head + at.id) + this.#frames) & 0xffff) &&
      this.#hasSameHeader(frameStart)
    );
  }

  #hasSameHeader(frame: number): boolean {
    const { bytes, view } = this.#reader;
    const head = this.#head;
    for (const word of sameWords) if (view.getUint32(frame + word) !== view.getUint32(head + word)) return false;
    for (let byte = at.options; byte < this.#headerBytes; byte += 1) {
      if (bytes[frame + byte] !== bytes[head + byte]) return false;
    }
    return (
      view.getUint8(frame + at.dataOffset) === view.getUint8(head + at.dataOffset) &&
      view.getUint16(frame + at.window) === view.getUint16(head + at.window) &&
      view.getUint16(frame + at.urgent) === view.getUint16(head + at.urgent)
    );
  }
}

/**
 * Whether it is an IPv4 packet, whole and all of the frame, with TCP payload and with nothing said but ACK and PSH; and
 * whether nothing is left to do for it.
 */
function isData({ view, start, frameStart, frameEnd }: SlabReader): boolean {
  if (frameEnd - frameStart < at.options || view.getUint8(start + 4 + virtioField.flags) !== 0) return false;
  const flags = view.getUint8(frameStart + at.flags);
  return (
    view.getUint16(frameStart + etherTypeAt) === etherType.ip4 &&
    view.getUint8(frameStart + ipAt) === 0x45 &&
    view.getUint16(frameStart + at.totalLength) === frameEnd - frameStart - ipAt &&
    // Nothing but "don't fragment".
    (view.getUint16(frameStart + at.fragment) & 0xbfff) === 0 &&
    view.getUint8(frameStart + at.protocol) === ipProtocol.tcp &&
    (flags & ~tcpFlag.psh) === tcpFlag.ack &&
    view.getUint8(frameStart + at.dataOffset) >= 0x50 &&
    headerBytesOf(view, frameStart) < frameEnd - frameStart
  );
}

function headerBytesOf(view: DataView, frame: number): number {
  return tcpAt + (view.getUint8(frame + at.dataOffset) >> 4) * 4;
}

function hasPush(view: DataView, frame: number): boolean {
  return (view.getUint8(frame + at.flags) & tcpFlag.psh) !== 0;
}

/** Whether both checksums are those that would be computed: zero has two forms, of which only one is. */
function isSound(bytes: Uint8Array, frame: number, end: number): boolean {
  const tcp = frame + tcpAt;
  return (
    internetChecksum(bytes, frame + ipAt, tcp) === 0 &&
    internetChecksum(bytes, tcp, end, pseudoSum(bytes, frame, end - tcp)) === 0 &&
    !isAllOnes(bytes, frame + at.ipChecksum) &&
    !isAllOnes(bytes, frame + at.checksum)
  );
}

function isAllOnes(bytes: Uint8Array, where: number): boolean {
  return bytes[where] === 0xff && bytes[where + 1] === 0xff;
}

/** Sum of the pseudo header (RFC 9293, 3.1). */
function pseudoSum(bytes: Uint8Array, frame: number, tcpBytes: number): number {
  const addresses = ~internetChecksum(bytes, frame + at.addresses, frame + tcpAt) & 0xffff;
  return addresses + ipProtocol.tcp + tcpBytes;
}

/** Writes the frames of a run, at the first of which the reader stands, as one with its virtio header. */
function writeSegment(packet: Uint8Array<ArrayBuffer>, reader: SlabReader, { frames }: Run): void {
  const headerBytes = headerBytesOf(reader.view, reader.frameStart);
  const size = reader.length - headerBytes;
  let end = virtioHeaderBytes;
  let push = 0;
  for (let index = 0; index < frames; index += 1) {
    if (index > 0) reader.next();
    const from = reader.frameStart + (index === 0 ? 0 : headerBytes);
    packet.set(reader.bytes.subarray(from, reader.frameEnd), end);
    end += reader.frameEnd - from;
    push = reader.view.getUint8(reader.frameStart + at.flags) & tcpFlag.psh;
  }
  const frame = packet.subarray(virtioHeaderBytes);
  const view = new DataView(packet.buffer, packet.byteOffset, virtioHeaderBytes + headerBytes);
  writeOffload(packet, view, headerBytes, size);
  const field = (name: keyof typeof at): number => virtioHeaderBytes + at[name];
  view.setUint16(field('totalLength'), frame.length - ipAt);
  view.setUint16(field('ipChecksum'), 0);
  view.setUint16(field('ipChecksum'), internetChecksum(frame, ipAt, tcpAt));
  view.setUint8(field('flags'), view.getUint8(field('flags')) | push);
  // Whoever cuts it, or takes it, begins with the sum of the pseudo header (virtio 1.2, 5.1.6.2).
  const pseudo = pseudoSum(frame, 0, frame.length - tcpAt);
  view.setUint16(field('checksum'), pseudo > 0xffff ? pseudo - 0xffff : pseudo);
}

function writeOffload(packet: Uint8Array, view: DataView, headerBytes: number, size: number): void {
  packet.fill(0, 0, virtioHeaderBytes);
  view.setUint8(virtioField.flags, virtioFlag.needsChecksum);
  view.setUint8(virtioField.gsoType, gsoType.tcp4);
  view.setUint16(virtioField.headerLength, headerBytes, true);
  view.setUint16(virtioField.gsoSize, size, true);
  view.setUint16(virtioField.checksumStart, tcpAt, true);
  view.setUint16(virtioField.checksumOffset, at.checksum - tcpAt, true);
}
