import type { PortSpec } from '../api/network';
import { SandboxError } from '../base/errors';
import type { SlabReader } from '../formats/frame-slab';
import { addressNumber } from '../formats/ip-address';
import { icmpType } from '../formats/wire/icmp';
import { ipProtocol } from '../formats/wire/ipv4';
import { tcpFlag } from '../formats/wire/tcp';
import type { FrameInfo } from './frame-info';
import { type Ip4View, viewIp4, viewTcp } from './ip4-view';
import { TcpFlows } from './tcp-flows';

/**
 * `asleep`: nothing is plugged in, the switch answers for the address. `waking`: its owner was told, or is plugged in
 * already, and what comes for it is kept until its link is up. `awake`: a port like others. `refusing`: its owner could not
 * be woken, and is not asked again for a while.
 */
export type SleepPhase = 'asleep' | 'waking' | 'awake' | 'refusing';

/** How soon it is worth asking again whether a port can sleep that has open connections, milliseconds. */
const leastWaitMs = 250;

/** What a port that can sleep knows of itself: what passes when it is awake, and what wakes it when it is not. */
export class PortSleep {
  /** As a number of 32 bits. */
  readonly address: number;
  readonly #idleMs: number;
  readonly #flows = new TcpFlows();
  #lastPacket: number;
  #refusesUntil = 0;
  phase: SleepPhase = 'waking';

  /** Undefined for a port that never sleeps. `InvalidArgument` for one that has no address to be woken by. */
  static of(spec: PortSpec, now: number): PortSleep | undefined {
    return spec.idleMs === undefined ? undefined : new PortSleep(spec, spec.idleMs, now);
  }

  private constructor({ id, mac, address }: PortSpec, idleMs: number, now: number) {
    if (mac === undefined || address === undefined || !(idleMs > 0)) {
      throw new SandboxError('InvalidArgument', `The port ${id} can sleep only with a MAC, an address and a time`);
    }
    this.address = addressNumber(address);
    this.#idleMs = idleMs;
    this.#lastPacket = now;
  }

  /** A frame to or from the port. Broadcasts are nothing to it. */
  note(info: FrameInfo, reader: SlabReader, ours: boolean, now: number): void {
    const packet = viewIp4(info, reader);
    if (!packet) return;
    this.#lastPacket = now;
    if (packet.protocol !== ipProtocol.tcp) return;
    const segment = viewTcp(packet);
    if (segment) this.#flows.note(segment, ours ? packet.destination : packet.source, ours, now);
  }

  /**
   * How long it has to stay awake yet, as far as can be told now; 0 when it can sleep. It cannot as long as it is not `free`:
   * its link is down, or it does not take what is sent to it.
   */
  waitMs(now: number, free: boolean): number {
    const quiet = this.#lastPacket + this.#idleMs - now;
    if (!free || this.phase !== 'awake' || this.#flows.open(now) > 0) return Math.max(quiet, this.#idleMs, leastWaitMs);
    return Math.max(0, quiet);
  }

  /** Something is plugged in. */
  begin(now: number): void {
    this.phase = 'waking';
    this.#lastPacket = now;
  }

  /** Nothing is any more, and its connections are no more either. */
  layDown(): void {
    this.phase = 'asleep';
    this.#flows.clear();
  }

  refuse(until: number): void {
    this.layDown();
    this.phase = 'refusing';
    this.#refusesUntil = until;
  }

  /** Whether it is not woken now, whoever wants it. */
  refuses(now: number): boolean {
    if (this.phase !== 'refusing') return false;
    if (now >= this.#refusesUntil) this.phase = 'asleep';
    return this.phase === 'refusing';
  }

  /**
   * Whether a frame for its MAC wakes it: a new TCP connection, data or the end of one that it knows nothing of (which only
   * it can refuse), a UDP datagram or an echo request, for its address.
   */
  isWokenBy(info: FrameInfo, reader: SlabReader): boolean {
    const packet = viewIp4(info, reader);
    if (!packet || packet.destination !== this.address) return false;
    if (packet.protocol === ipProtocol.udp) return true;
    if (packet.protocol === ipProtocol.icmp) {
      return packet.start < packet.end && packet.view.getUint8(packet.start) === icmpType.echoRequest;
    }
    return packet.protocol === ipProtocol.tcp && wantsAnswer(packet);
  }
}

function wantsAnswer(packet: Ip4View): boolean {
  const segment = viewTcp(packet);
  if (!segment || (segment.flags & tcpFlag.rst) !== 0) return false;
  const answersNothing = (segment.flags & (tcpFlag.syn | tcpFlag.ack)) === (tcpFlag.syn | tcpFlag.ack);
  if (answersNothing) return false;
  return (segment.flags & (tcpFlag.syn | tcpFlag.fin)) !== 0 || segment.payloadBytes > 0;
}
