import type { TerminalSize } from '../api/instance';
import { Emitter } from '../base/events';
import { toDisposable } from '../base/lifecycle';
import type { CommandIo, Output } from './command-io';
import { MemoryFiles } from './memory-files-fixture';

export interface RecordedIoOptions {
  readonly stdin?: string;
  /** Output and input are a screen of this size. */
  readonly size?: TerminalSize;
  readonly files?: MemoryFiles;
  readonly variables?: Readonly<Record<string, string>>;
}

/** The world of a command in a test: what it writes is kept, what it reads is given. */
export function recordedIo({ stdin = '', size, files = new MemoryFiles(), variables = {} }: RecordedIoOptions = {}) {
  const out = recordedOutput(size !== undefined);
  const err = recordedOutput(size !== undefined);
  const input = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(undefined, {
    highWaterMark: 1e6,
  });
  const writer = input.writable.getWriter();
  writer.closed.catch(() => {});
  const type = (text: string): void => void writer.write(new TextEncoder().encode(text)).catch(() => {});
  if (stdin !== '') type(stdin);
  if (size === undefined) void writer.close().catch(() => {});
  const abort = new AbortController();
  const resizes = new Emitter<TerminalSize>();
  const interrupts = new Emitter<'SIGINT' | 'SIGQUIT'>();
  const state = { size, raw: 0 };
  const io: CommandIo = {
    stdin: input.readable,
    stdout: out.output,
    stderr: err.output,
    ...(size && {
      terminal: {
        get size() {
          return state.size ?? size;
        },
        resized: resizes.event,
        raw() {
          state.raw += 1;
          return toDisposable(() => {
            state.raw -= 1;
          });
        },
      },
    }),
    signal: abort.signal,
    onInterrupt: interrupts.event,
    files,
    folder: '/',
    variables,
  };
  return {
    io,
    files,
    type,
    endInput: () => void writer.close().catch(() => {}),
    out: out.text,
    err: err.text,
    get raw() {
      return state.raw > 0;
    },
    resize(next: TerminalSize) {
      state.size = next;
      resizes.fire(next);
    },
    interrupt() {
      if (interrupts.listenerCount > 0) interrupts.fire('SIGINT');
      else abort.abort();
    },
  };
}

function recordedOutput(terminal: boolean): { readonly output: Output; text(): string } {
  const chunks: Uint8Array[] = [];
  return {
    output: {
      terminal,
      async write(data) {
        chunks.push(typeof data === 'string' ? new TextEncoder().encode(data) : data.slice());
      },
    },
    text: () => new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))),
  };
}
