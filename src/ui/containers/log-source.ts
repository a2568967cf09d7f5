import type { EngineContainers } from '../../api/container-engine';
import type { ConsoleAttachment, ConsoleOutput } from '../../api/instance';
import { toSandboxError } from '../../base/errors';

/** Bytes delivered and not acknowledged beyond which the engine is not read. */
const unackedLimit = 256 * 1024;

/** What a terminal shows at first; `docker logs` of all would be read for seconds. */
const tailLines = 2000;

const red = { begin: '\x1b[31m', end: '\x1b[39m' } as const;

/** The output of a container, now and from now on, for a terminal that shows it. What came by stderr is red. */
export class LogSource {
  /** One more carriage return does nothing to what a container's own terminal wrote. */
  readonly bareNewlines = true;
  readonly #containers: Pick<EngineContainers, 'logs'>;
  readonly #id: string;
  readonly #ended: string;

  constructor(containers: Pick<EngineContainers, 'logs'>, id: string, words: { readonly ended: string }) {
    this.#containers = containers;
    this.#id = id;
    this.#ended = words.ended;
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    const gone = new AbortController();
    let unacked = 0;
    let resume: (() => void) | undefined;
    const deliver = (bytes: Uint8Array<ArrayBuffer>): void => {
      if (gone.signal.aborted) return;
      unacked += bytes.length;
      onOutput({ bytes, skipped: 0 });
    };
    const room = (): Promise<void> => new Promise((resolve) => (resume = resolve));
    void this.#pump(gone.signal, deliver, async () => {
      while (unacked > unackedLimit && !gone.signal.aborted) await room();
    });
    return {
      write: () => {},
      resize: () => {},
      acknowledge(bytes) {
        unacked -= bytes;
        if (unacked <= unackedLimit) resume?.();
      },
      dispose() {
        gone.abort();
        resume?.();
      },
    };
  }

  async #pump(gone: AbortSignal, deliver: (bytes: Uint8Array<ArrayBuffer>) => void, room: () => Promise<void>) {
    const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
    try {
      const options = { stdout: true, stderr: true, follow: true, tail: tailLines };
      const { output } = await this.#containers.logs(this.#id, options);
      const reader = output.getReader();
      gone.addEventListener('abort', () => void reader.cancel().catch(() => {}), { once: true });
      if (gone.aborted) await reader.cancel();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (value.stream === 'stderr') deliver(encode(red.begin));
        deliver(value.bytes);
        if (value.stream === 'stderr') deliver(encode(red.end));
        await room();
      }
      deliver(encode(`\r\n[${this.#ended}]\r\n`));
    } catch (error) {
      deliver(encode(`\r\n[${toSandboxError(error).message}]\r\n`));
    }
  }
}
