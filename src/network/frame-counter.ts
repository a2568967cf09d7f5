import type { FrameFilter } from '../api/network';
import type { SlabReader } from '../formats/frame-slab';
import { addressNumber } from '../formats/ip-address';
import { etherType } from '../formats/wire/ethernet';
import type { FrameInfo } from './frame-info';
import { type Ip4View, viewIp4 } from './ip4-view';

/** Filters that one network is asked for; the one that was asked for first gives way. */
const filterLimit = 16;

/** How long a filter counts that nobody asks for, milliseconds: the timers of a hidden page ring once a minute. */
const keepMs = 120_000;

const protocolNumbers = { icmp: 1, tcp: 6, udp: 17 } as const;

interface Counted {
  readonly protocol: FrameFilter['protocol'];
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly port: number | undefined;
  frames: number;
  /** When somebody asked for it last, by the monotonic clock. */
  askedAt: number;
}

/** Counts the frames of one network that somebody has asked for, from then on and as long as somebody asks. Times are of the monotonic clock. */
export class FrameCounter {
  readonly #counted = new Map<string, Counted>();

  /** So far; 0 the first time. `InvalidArgument` for what is no IPv4 address. */
  count({ protocol, from, to, port }: FrameFilter, now: number): number {
    this.#forget(now);
    const key = `${protocol} ${from ?? ''} ${to ?? ''} ${port ?? ''}`;
    const known = this.#counted.get(key);
    if (known) {
      known.askedAt = now;
      return known.frames;
    }
    const number = (address: string | undefined) => (address === undefined ? undefined : addressNumber(address));
    this.#counted.set(key, { protocol, from: number(from), to: number(to), port, frames: 0, askedAt: now });
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > filterLimit && oldest !== undefined) this.#counted.delete(oldest);
    return 0;
  }

  /** False when there is nothing to count any more. */
  see(info: FrameInfo, reader: SlabReader, now: number): boolean {
    this.#forget(now);
    if (this.#counted.size === 0) return false;
    const packet = viewIp4(info, reader);
    for (const each of this.#counted.values()) if (matches(each, info, reader, packet)) each.frames += 1;
    return true;
  }

  #forget(now: number): void {
    for (const [key, { askedAt }] of this.#counted) if (now - askedAt > keepMs) this.#counted.delete(key);
  }
}

/** Where an ARP message has who says it and whom it asks for (RFC 826), from its start. */
const arpAt = { sender: 14, target: 24, end: 28 } as const;

function matches(wanted: Counted, info: FrameInfo, reader: SlabReader, packet: Ip4View | undefined): boolean {
  const { protocol, from, to, port } = wanted;
  const isEnd = (address: number | undefined, found: number): boolean => address === undefined || address === found;
  if (protocol === 'arp') {
    const { view, frameEnd } = reader;
    const start = info.packetStart;
    if (info.etherType !== etherType.arp || start + arpAt.end > frameEnd) return false;
    return isEnd(from, view.getUint32(start + arpAt.sender)) && isEnd(to, view.getUint32(start + arpAt.target));
  }
  if (!packet || packet.protocol !== protocolNumbers[protocol]) return false;
  if (!isEnd(from, packet.source) || !isEnd(to, packet.destination)) return false;
  if (port === undefined) return true;
  // Both have their ports in the first four bytes (RFC 9293, 3.1; RFC 768).
  return packet.start + 4 <= packet.end && packet.view.getUint16(packet.start + 2) === port;
}
