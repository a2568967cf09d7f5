import type { ConsoleAttachment, ConsoleOutput } from '../../../api/instance';

/** Bytes handed to the terminal and not yet parsed: beyond this, output is dropped and counted. */
export const pendingLimit = 500_000;

/** The part of a terminal that takes output; `done` is called once the bytes are parsed. */
export interface OutputSink {
  write(bytes: Uint8Array, done: () => void): void;
}

/** What the terminal itself says when asked: device attributes, cursor position, mode and colour reports. */
const report = /^\x1b(?:\[[?>=]?[\d;]*(?:[cnR]|\$y)|[P\]])/;

/**
 * Carries a console's output into a terminal, acknowledging what is parsed so that the console holds back
 * when the terminal cannot keep up. What was printed before the attachment is shown again; questions to
 * the terminal among it were answered long ago, so answers given meanwhile are not sent to the guest.
 */
export class OutputPump {
  readonly #sink: OutputSink;
  readonly #onSkip: (bytes: number) => void;
  readonly #attachment: ConsoleAttachment;
  #attached = false;
  #ended = false;
  #pending = 0;
  #replaying = 0;

  constructor(
    attach: (onOutput: (output: ConsoleOutput) => void) => ConsoleAttachment,
    sink: OutputSink,
    onSkip: (bytes: number) => void,
  ) {
    this.#sink = sink;
    this.#onSkip = onSkip;
    this.#attachment = attach((output) => this.#take(output));
    // All that a console delivers while it attaches is what it printed before.
    this.#attached = true;
  }

  /** Bytes handed to the terminal and not yet parsed. */
  get pending(): number {
    return this.#pending;
  }

  /** Sends what was typed, or what the terminal answered. */
  send(bytes: Uint8Array): void {
    if (this.#replaying > 0 && report.test(String.fromCharCode(...bytes.subarray(0, 32)))) return;
    this.#attachment.write(bytes);
  }

  resize(columns: number, rows: number): void {
    this.#attachment.resize({ columns, rows });
  }

  dispose(): void {
    this.#ended = true;
    this.#attachment.dispose();
  }

  #take({ bytes, skipped }: ConsoleOutput): void {
    if (this.#ended) return;
    if (skipped > 0) this.#onSkip(skipped);
    const { length } = bytes;
    if (this.#pending + length > pendingLimit) {
      this.#onSkip(length);
      queueMicrotask(() => this.#acknowledge(length));
      return;
    }
    const replayed = !this.#attached;
    this.#pending += length;
    if (replayed) this.#replaying += 1;
    this.#sink.write(bytes, () => {
      this.#pending -= length;
      if (replayed) this.#replaying -= 1;
      this.#acknowledge(length);
    });
  }

  #acknowledge(bytes: number): void {
    if (!this.#ended) this.#attachment.acknowledge(bytes);
  }
}
