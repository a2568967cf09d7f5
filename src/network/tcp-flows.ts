import { tcpFlag } from '../formats/wire/tcp';
import type { TcpView } from './ip4-view';

/**
 * How long a connection of which nothing is heard counts as open, milliseconds. The least that a NAT has to wait (RFC
 * 5382, 5): two hours and four minutes, since hosts that keep connections alive say so every two hours; and four minutes
 * for one that is not quite open, or of which one side has closed.
 */
export const flowTimeouts = { established: 7_440_000, transitory: 240_000 } as const;

/** Connections that are followed at once; none of our servers has more. */
export const maxFlows = 4096;

interface Flow {
  phase: 'opening' | 'established' | 'closing';
  /** Which side has said its last byte. */
  readonly ended: { ours: boolean; theirs: boolean };
  /** The clock when a segment of it was last seen, milliseconds. */
  seen: number;
}

/**
 * The TCP connections of one station, as far as they can be told by the segments that pass. It is known which are open,
 * and nothing else. When there are too many, the oldest that is not established is forgotten.
 */
export class TcpFlows {
  readonly #flows = new Map<string, Flow>();

  /** A segment from the station (`ours`) to another, or the other way. `peer` is the other's address. */
  note(segment: TcpView, peer: number, ours: boolean, now: number): void {
    const { flags, payloadBytes } = segment;
    const [own, remote] = ours
      ? [segment.sourcePort, segment.destinationPort]
      : [segment.destinationPort, segment.sourcePort];
    const key = `${peer}:${remote}:${own}`;
    if ((flags & tcpFlag.rst) !== 0) {
      this.#flows.delete(key);
      return;
    }
    const begins = (flags & (tcpFlag.syn | tcpFlag.ack)) === tcpFlag.syn;
    let flow = begins ? undefined : this.#flows.get(key);
    if (!flow) {
      // One that was open before the switch was started again is known by its data.
      if (!begins && payloadBytes === 0) return;
      flow = { phase: begins ? 'opening' : 'established', ended: { ours: false, theirs: false }, seen: now };
      this.#flows.delete(key);
      if (!this.#makeRoom()) return;
      this.#flows.set(key, flow);
    }
    flow.seen = now;
    if (flow.phase === 'opening' && (flags & tcpFlag.syn) === 0) flow.phase = 'established';
    if ((flags & tcpFlag.fin) === 0) return;
    flow.phase = 'closing';
    flow.ended[ours ? 'ours' : 'theirs'] = true;
    if (flow.ended.ours && flow.ended.theirs) this.#flows.delete(key);
  }

  /** How many are open. */
  open(now: number): number {
    for (const [key, { phase, seen }] of this.#flows) {
      const timeout = phase === 'established' ? flowTimeouts.established : flowTimeouts.transitory;
      if (now - seen >= timeout) this.#flows.delete(key);
    }
    return this.#flows.size;
  }

  clear(): void {
    this.#flows.clear();
  }

  #makeRoom(): boolean {
    if (this.#flows.size < maxFlows) return true;
    for (const [key, { phase }] of this.#flows) if (phase !== 'established') return this.#flows.delete(key);
    return false;
  }
}
