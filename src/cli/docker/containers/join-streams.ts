import type { TerminalSize } from '../../../api/instance';
import { toSandboxError } from '../../../base/errors';
import { DisposableStore } from '../../../base/lifecycle';
import { parseDetachKeys, watchDetachKeys } from '../../../engine/http/detach-keys';
import type { CommandIo } from '../../command-io';
import { pipeOutput } from '../pipe-output';

export interface JoinOptions {
  /** The program has a terminal. */
  readonly tty: boolean;
  /** Input goes to it. */
  readonly stdin: boolean;
  /** As the user gave them; empty for the usual ones. */
  readonly detachKeys: string;
  /** Asks for the connection. */
  connect(input: ReadableStream<Uint8Array> | undefined): Promise<Response>;
  /** Tells the program's terminal its size. */
  resize(size: TerminalSize): Promise<void>;
  /** What Ctrl-C does; absent: it ends the command. */
  readonly interrupt?: (signal: 'SIGINT' | 'SIGQUIT') => void;
}

/** A connection between a command's streams and those of a program in a container. */
export interface Joined {
  /** Resolves when the program's output has ended, or the user has left it. */
  readonly ended: Promise<'ended' | 'detached'>;
  /** Tells the size, and goes on to do so; once the program runs. */
  follow(): Promise<void>;
  dispose(): void;
}

/** Joins streams as docker does: keys unchanged where both sides are terminals, output and errors apart where there is none. */
export async function joinStreams(io: CommandIo, options: JoinOptions): Promise<Joined> {
  const disposables = new DisposableStore();
  let detached = false;
  let response: Response | undefined;
  let leave: () => void = () => {};
  const left = new Promise<'detached'>((resolve) => {
    leave = () => resolve('detached');
  });
  const input = options.stdin ? inputOf() : undefined;

  function inputOf(): ReadableStream<Uint8Array> {
    if (!options.tty || !io.terminal) return io.stdin;
    return io.stdin.pipeThrough(
      watchDetachKeys(parseDetachKeys(options.detachKeys || undefined), () => {
        detached = true;
        leave();
      }),
    );
  }

  try {
    if (options.tty && options.stdin && io.terminal) disposables.add(io.terminal.raw());
    if (options.interrupt) disposables.add(io.onInterrupt(options.interrupt));
    response = await options.connect(input);
  } catch (error) {
    disposables.dispose();
    throw error;
  }
  const { body } = response;
  const aborted = (): void => leave();
  io.signal.addEventListener('abort', aborted);
  disposables.add({ dispose: () => io.signal.removeEventListener('abort', aborted) });
  const output = body ? cancelable(body) : undefined;
  const pumped = pipeOutput({ body: output?.stream ?? null }, options.tty, io).then(() => 'ended' as const);
  const ended = Promise.race([pumped, left])
    .catch((error) => {
      if (detached || io.signal.aborted) return 'detached' as const;
      throw toSandboxError(error);
    })
    .finally(() => {
      output?.cancel();
      disposables.dispose();
    });
  // Whoever waits for it is told; until then it is no failure that nobody has seen.
  ended.catch(() => {});
  return {
    ended,
    async follow() {
      const { terminal } = io;
      if (!options.tty || !terminal) return;
      // A program that has ended has no terminal any more.
      const tell = (size: TerminalSize): Promise<void> => options.resize(size).catch(() => {});
      if (!disposables.disposed) disposables.add(terminal.resized((size) => void tell(size)));
      await tell(terminal.size);
    },
    dispose() {
      leave();
    },
  };
}

/** A stream that can be ended from outside while somebody reads it. */
function cancelable(body: ReadableStream<Uint8Array<ArrayBuffer>>): {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  cancel(): void;
} {
  const reader = body.getReader();
  let open = true;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done && open) controller.close();
        else if (!done) controller.enqueue(value);
        if (done) open = false;
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, cancel: () => void reader.cancel().catch(() => {}) };
}
