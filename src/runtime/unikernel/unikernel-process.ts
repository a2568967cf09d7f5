import type { ContainerExit } from '../../api/container-host';
import type { ConsoleAttachment, ConsoleOutput, Instance, InstanceState, Process } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { createDeferred } from '../../base/deferred';

type Exit = Omit<ContainerExit, 'at'>;

/** Exit codes of modules that ended by a fault of their own: 128 + SIGABRT, 128 + SIGSEGV. */
const faults: ReadonlySet<number> = new Set([134, 139]);

/**
 * Starts an instance as the first process of a container: its console is its output. Rejects when it does not begin; one
 * that begins and ends at once has begun. `ended` is called before its streams end.
 */
export async function startProcess(
  instance: Instance,
  operation: Operation,
  ended: (exit: Exit) => void,
): Promise<Process> {
  const over = createDeferred<number>();
  const output = new ConsoleStream(instance);
  try {
    await instance.start(operation);
  } catch (error) {
    if (operation.signal?.aborted || !hasRun(instance.state)) {
      output.end();
      throw error;
    }
  }
  const follow = ({ phase }: InstanceState): void => {
    if (phase !== 'stopped' && phase !== 'failed') return;
    states.dispose();
    const exit = exitOf(instance.state);
    ended(exit);
    output.end();
    over.resolve(exit.code);
  };
  const states = instance.states(follow);
  // It may have ended at once.
  follow(instance.state);
  return {
    id: instance.id,
    stdin: new WritableStream<Uint8Array>(),
    stdout: output.readable,
    stderr: new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => controller.close() }),
    exited: over.promise,
    resize: () => undefined,
    kill: () => void instance.kill().catch(() => undefined),
  };
}

/** It ended by itself while it began, and not because it could not begin. */
function hasRun({ phase, exit }: InstanceState): boolean {
  return phase === 'stopped' || (phase === 'failed' && exit !== undefined && faults.has(exit.code));
}

function exitOf({ exit, error }: InstanceState): Exit {
  return { code: exit?.code ?? 255, oomKilled: false, ...(error && { error }) };
}

/** What an instance writes to its console from its start on, as it is read; what its reader is too slow for is lost and told. */
class ConsoleStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** As much as a console gives without being told that it was dealt with. */
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  readonly #attachment: ConsoleAttachment;
  #more = createDeferred<void>();
  #ended = false;

  constructor(instance: Instance) {
    this.#attachment = instance.attachConsole((output) => this.#take(output));
    this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
      { pull: (controller) => this.#give(controller), cancel: () => this.end() },
      { highWaterMark: 0 },
    );
  }

  /** Nothing more is written; what is left can still be read. */
  end(): void {
    this.#ended = true;
    this.#more.resolve();
  }

  #take({ bytes, skipped }: ConsoleOutput): void {
    if (skipped > 0) this.#waiting.push(new TextEncoder().encode(`\n[${skipped} bytes were lost]\n`));
    this.#waiting.push(bytes);
    this.#more.resolve();
  }

  async #give(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    while (this.#waiting.length === 0 && !this.#ended) {
      this.#more = createDeferred();
      await this.#more.promise;
    }
    const next = this.#waiting.shift();
    if (next) {
      controller.enqueue(next);
      this.#attachment.acknowledge(next.length);
      return;
    }
    this.#attachment.dispose();
    controller.close();
  }
}
