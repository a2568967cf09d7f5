import { type BufferPool, SlabReader } from '../formats/frame-slab';
import { etherType } from '../formats/wire/ethernet';
import { speakFor } from './frame-delivery';
import { FrameInfo } from './frame-info';
import { addressAskedFor, arpAnswer, refusal } from './sleep-answers';
import { findStation, type SwitchNetwork } from './switch-network';
import type { SwitchPort } from './switch-port';

/** What the switch does in the place of stations that sleep: it answers for them, has them woken, and refuses connections. */
export class SleepingPorts {
  readonly #pool: BufferPool;
  readonly #wanted: (id: string) => void;

  /** `wanted` is told the id of a port that has to wake. */
  constructor(pool: BufferPool, wanted: (id: string) => void) {
    this.#pool = pool;
    this.#wanted = wanted;
  }

  /**
   * A frame passes: what sleeps and is asked for its address is answered for; what is wanted is woken; what is awake is
   * watched.
   */
  attend(
    network: SwitchNetwork,
    from: SwitchPort,
    to: SwitchPort | undefined,
    info: FrameInfo,
    reader: SlabReader,
    now: number,
  ): void {
    if (info.etherType === etherType.arp) {
      this.#answer(network, from, info, reader);
      return;
    }
    if (!info.toGroup) from.sleep?.note(info, reader, true, now);
    if (!to?.sleep) return;
    const { sleep } = to;
    if (sleep.refuses(now)) {
      this.#refuseConnection(network, to, info, reader, now);
      return;
    }
    if (sleep.phase === 'asleep') {
      if (!sleep.isWokenBy(info, reader)) return;
      sleep.phase = 'waking';
      this.#wanted(to.spec.id);
    }
    sleep.note(info, reader, false, now);
  }

  /** Refuses what waits for the port, which could not be woken. */
  refuseQueued(network: SwitchNetwork, port: SwitchPort, now: number): void {
    const info = new FrameInfo();
    for (const slab of port.takeQueued()) {
      network.lost += port.drop('wake-failed', slab.frames);
      const reader = new SlabReader(slab, slab.start);
      while (reader.next()) if (info.read(reader)) this.#refuseConnection(network, port, info, reader, now);
    }
  }

  #answer(network: SwitchNetwork, from: SwitchPort, info: FrameInfo, reader: SlabReader): void {
    const asked = addressAskedFor(info, reader);
    const port = asked === undefined ? undefined : network.sleepers.byAddress.get(asked);
    if (port?.sleeps && port !== from) speakFor(network, port, from, arpAnswer(port.spec, reader), this.#pool);
  }

  /** Says to who wants to connect that it cannot be, as the station itself would. */
  #refuseConnection(network: SwitchNetwork, port: SwitchPort, info: FrameInfo, reader: SlabReader, now: number): void {
    const reset = refusal(info, reader);
    const to = reset && findStation(network, info.source, now);
    if (to) speakFor(network, port, to, reset, this.#pool);
  }
}
