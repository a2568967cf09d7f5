import { SlabReader } from '../../src/formats/frame-slab';
import { acceptPort } from '../../src/rpc/accept-browser';
import { expose } from '../../src/rpc/control';
import { type ReceivedSlab, SlabPort } from '../../src/rpc/slab-port';

/** What a station has taken in, and between which moments (its own clock, milliseconds). */
export interface Reception {
  readonly frames: number;
  readonly bytes: number;
  readonly slabs: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** One end of a cable in a worker of its own: it sends as fast as it may, and copies what it gets as a device would. */
export class BenchStation {
  #cable: SlabPort | undefined;
  readonly #memory = new Uint8Array(128 * 1024);
  #frames = 0;
  #bytes = 0;
  #slabs = 0;
  #firstAt = 0;
  #lastAt = 0;

  ping(): void {}

  plug(port: MessagePort): void {
    this.#cable = new SlabPort(port);
    this.#cable.received((slab) => this.#receive(slab));
    this.#cable.setLink({ up: true, offload: true });
  }

  /** Sends copies of a frame with its virtio header, `batch` in a turn, for so long. Returns how many. */
  flood(packet: Uint8Array, batch: number, forMs: number): Promise<number> {
    const cable = this.#require();
    const end = performance.now() + forMs;
    const { port1, port2 } = new MessageChannel();
    let sent = 0;
    return new Promise((resolve) => {
      const turn = (): void => {
        for (let count = 0; count < batch; count += 1) {
          if (!cable.writable) return;
          cable.reserve(packet.length - 12)?.set(packet);
          sent += 1;
        }
        // The next turn comes after what came in, as it does in the emulator.
        if (performance.now() < end) port2.postMessage(0);
        else finish();
      };
      const drained = cable.drained(turn);
      const finish = (): void => {
        drained.dispose();
        port1.close();
        resolve(sent);
      };
      port1.onmessage = turn;
      turn();
    });
  }

  /** One small frame, so that the switch knows the station. */
  announce(frame: Uint8Array): void {
    this.#require().send(frame);
  }

  reception(): Reception {
    const { frames, bytes, slabs } = { frames: this.#frames, bytes: this.#bytes, slabs: this.#slabs };
    return { frames, bytes, slabs, firstAt: this.#firstAt, lastAt: this.#lastAt };
  }

  reset(): void {
    this.#frames = 0;
    this.#bytes = 0;
    this.#slabs = 0;
  }

  #receive(slab: ReceivedSlab): void {
    if (this.#frames === 0) this.#firstAt = performance.now();
    const reader = new SlabReader(slab);
    while (reader.next()) {
      this.#memory.set(reader.packet);
      this.#frames += 1;
      this.#bytes += reader.length;
    }
    this.#slabs += 1;
    this.#lastAt = performance.now();
    slab.release();
  }

  #require(): SlabPort {
    if (!this.#cable) throw new Error('The station has no cable');
    return this.#cable;
  }
}

acceptPort((port) => expose(new BenchStation(), port));
