import type { CaptureReading, CaptureSpec } from '../api/capture';
import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { PortCapture } from './port-capture';
import { PortTap } from './port-tap';
import type { PortSink } from './switch-port';

/** Captures at once: each may take as much memory as its limits allow. */
export const captureLimit = 8;

/** Rows of one reading at most. */
const rowLimit = 500;

/** The captures of a switch, by the ids of their ports, the oldest first. They outlast the cables of the ports, not the switch. */
export class Captures {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #captures = new Map<string, PortCapture>();
  readonly #taps = new Map<string, PortTap>();

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** Stands between a port of the switch and its cable. */
  tap(port: string, sink: PortSink): PortTap {
    const tap = new PortTap(sink);
    tap.capture = this.#captures.get(port);
    this.#taps.set(port, tap);
    return tap;
  }

  untap(port: string): void {
    this.#taps.delete(port);
  }

  /**
   * Records from now on, in the place of what was recorded at that port before. When there are as many captures as there
   * can be, the oldest whose port has no cable goes: of a machine that was removed nobody could discard it.
   * `ResourceExhausted` when all have one, `InvalidArgument` for a station that is no MAC address.
   */
  start(spec: CaptureSpec): void {
    const capture = new PortCapture(spec, this.#clock);
    if (!this.#captures.has(spec.port) && this.#captures.size >= captureLimit) this.#evict();
    this.#set(spec.port, capture);
  }

  /** What was recorded stays. Harmless when there is none. */
  stop(port: string): void {
    this.#captures.get(port)?.stop();
  }

  /** Forgets what was recorded. Harmless when there is none. */
  discard(port: string): void {
    this.#set(port, undefined);
  }

  /** Undefined when there is none, as after a restart of the switch. */
  read(port: string, filter: string, limit: number): CaptureReading | undefined {
    return this.#captures.get(port)?.read(filter, Math.min(limit, rowLimit));
  }

  /** A pcapng file of what the filter lets through. `NotFound` when there is no capture. */
  file(port: string, name: string, description: string, filter: string): Uint8Array<ArrayBuffer> {
    const capture = this.#captures.get(port);
    if (!capture) throw new SandboxError('NotFound', `Nothing was recorded at the port ${port}: start a capture first`);
    return capture.file(name, description, filter);
  }

  #evict(): void {
    const left = [...this.#captures.keys()].find((port) => !this.#taps.has(port));
    if (left === undefined) {
      const message = `There are ${captureLimit} captures, the most there can be: discard one first`;
      throw new SandboxError('ResourceExhausted', message);
    }
    this.#captures.delete(left);
  }

  #set(port: string, capture: PortCapture | undefined): void {
    // Begun anew it is the newest.
    this.#captures.delete(port);
    if (capture) this.#captures.set(port, capture);
    const tap = this.#taps.get(port);
    if (tap) tap.capture = capture;
  }
}
