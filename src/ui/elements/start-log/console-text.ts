import type { ConsoleAttachment, ConsoleOutput } from '../../../api/instance';

/** Characters kept; the log says when there were more. */
const textLimit = 256 * 1024;

/** Escape sequences (ECMA-48: CSI; OSC, DCS, PM, APC up to their end; two-character ones) and control characters. */
const sequences =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g;

/** What a console printed, as plain text: without colours, cursor movements and other control sequences. */
export function plainText(printed: string): string {
  return printed.replaceAll('\r\n', '\n').replace(sequences, '');
}

/** Collects a console's output as plain text and tells when it has grown. */
export class ConsoleText {
  readonly #attachment: ConsoleAttachment;
  readonly #decoder = new TextDecoder();
  #printed = '';
  #skipped = 0;

  constructor(attach: (onOutput: (output: ConsoleOutput) => void) => ConsoleAttachment, onChange: () => void) {
    this.#attachment = attach(({ bytes, skipped }) => {
      this.#skipped += skipped;
      const grown = this.#printed + this.#decoder.decode(bytes, { stream: true });
      this.#skipped += Math.max(0, grown.length - textLimit);
      this.#printed = grown.slice(-textLimit);
      queueMicrotask(() => this.#attachment.acknowledge(bytes.length));
      onChange();
    });
  }

  get text(): string {
    return plainText(this.#printed);
  }

  /** Bytes that are not in the text. */
  get skipped(): number {
    return this.#skipped;
  }

  dispose(): void {
    this.#attachment.dispose();
  }
}
