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

/** How far one side has come with saying its last byte. */
interface End {
  /** What the other side acknowledges with its FIN; absent before. */
  sequence?: number;
  acknowledged: boolean;
}

interface Flow {
  phase: 'opening' | 'established' | 'closing';
  readonly ends: { readonly ours: End; readonly theirs: End };
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
    const [from, to] = [segment.sourcePort, segment.destinationPort];
    const key = ours ? `${peer}:${to}:${from}` : `${peer}:${from}:${to}`;
    if ((flags & tcpFlag.rst) !== 0) {
      this.#flows.delete(key);
      return;
    }
    const begins = (flags & (tcpFlag.syn | tcpFlag.ack)) === tcpFlag.syn;
    let flow = begins ? undefined : this.#flows.get(key);
    if (!flow) {
      // One that was open before the switch was started again is known by its data.
      if (!begins && payloadBytes === 0) return;
      flow = {
        phase: begins ? 'opening' : 'established',
        ends: { ours: { acknowledged: false }, theirs: { acknowledged: false } },
        seen: now,
      };
      this.#flows.delete(key);
      if (!this.#makeRoom()) return;
      this.#flows.set(key, flow);
    }
    flow.seen = now;
    if (flow.phase === 'opening' && (flags & tcpFlag.syn) === 0) flow.phase = 'established';
    const { ours: own, theirs } = flow.ends;
    noteEnds(segment, ours ? own : theirs, ours ? theirs : own);
    if (own.sequence !== undefined || theirs.sequence !== undefined) flow.phase = 'closing';
    // Whose FIN is not acknowledged says it again, and must find somebody who knows of it.
    if (own.acknowledged && theirs.acknowledged) this.#flows.delete(key);
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

/** What a segment says of the end of the side that sent it, and of the other's. */
function noteEnds({ flags, sequence, acknowledgment, payloadBytes }: TcpView, sender: End, other: End): void {
  if ((flags & tcpFlag.fin) !== 0) sender.sequence = (sequence + payloadBytes + 1) | 0;
  if ((flags & tcpFlag.ack) === 0 || other.sequence === undefined) return;
  // Sequence numbers go round (RFC 9293, 3.4).
  if (((acknowledgment - other.sequence) | 0) >= 0) other.acknowledged = true;
}
