import type { AttachedStreams, AttachOptions, OutputChunk } from '../../api/container-streams';
import type { Process } from '../../api/instance';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';

/** What somebody who is attached may have waiting before the program is held back, bytes. */
const viewerBytes = 256 * 1024;

interface Viewer {
  readonly wants: Readonly<Record<OutputChunk['stream'], boolean>>;
  readonly controller: ReadableStreamDefaultController<OutputChunk>;
  /** Resolved whenever it has taken something, or left. */
  taken: Deferred<void>;
}

export interface StreamHubOptions {
  readonly tty: boolean;
  /** It has a stdin that somebody can write to. */
  readonly openStdin: boolean;
  /** Its stdin ends with the first who was attached to it, unless it is a terminal. */
  readonly stdinOnce: boolean;
  /** Gets all that is written, and no bytes at the end of a stream; who is attached gets it after this has resolved. */
  readonly record: (stream: OutputChunk['stream'], bytes: Uint8Array<ArrayBuffer>) => Promise<void> | undefined;
}

/** The streams of one process after the other, and those who are attached to them. */
export class StreamHub {
  readonly #options: StreamHubOptions;
  readonly #viewers = new Set<Viewer>();
  #stdin: Deferred<WritableStreamDefaultWriter<Uint8Array>> = createDeferred();

  constructor(options: StreamHubOptions) {
    this.#options = options;
    this.#stdin.promise.catch(() => undefined);
  }

  /** Relays a process until its streams have ended. */
  async run(process: Process): Promise<void> {
    const writer = process.stdin.getWriter();
    writer.closed.catch(() => undefined);
    const { openStdin, tty } = this.#options;
    if (openStdin) this.#stdin.resolve(writer);
    // The end of a terminal's input is a character, which it would echo; nobody hears one where nobody types.
    else if (!tty) writer.close().catch(() => undefined);
    await Promise.all([this.#pump('stdout', process.stdout), this.#pump('stderr', process.stderr)]);
  }

  /** Nobody writes any more: who is attached has read to the end, and the next process gets others. */
  end(): void {
    for (const viewer of [...this.#viewers]) this.#endView(viewer);
    this.#stdin.reject(new SandboxError('FailedPrecondition', 'The container has ended'));
    this.#stdin = createDeferred();
    this.#stdin.promise.catch(() => undefined);
  }

  /** Someone's view of it, from now on, after `before` where it is wanted. Without `live` nothing more comes after that. */
  attach(options: AttachOptions, live: boolean, before: ReadableStream<OutputChunk> | undefined): AttachedStreams {
    const { openStdin, tty } = this.#options;
    const view = options.stream && live ? this.#view(options.stdout ?? false, options.stderr ?? false) : undefined;
    return {
      tty,
      output: joined(before, view?.output),
      ...(options.stdin && openStdin && view && { input: this.#input(view.leave) }),
    };
  }

  #view(stdout: boolean, stderr: boolean) {
    let viewer: Viewer | undefined;
    const output = new ReadableStream<OutputChunk>(
      {
        start: (controller) => {
          viewer = { wants: { stdout, stderr }, controller, taken: createDeferred() };
          this.#viewers.add(viewer);
        },
        pull: () => viewer?.taken.resolve(),
        cancel: () => {
          if (viewer) this.#viewers.delete(viewer);
          viewer?.taken.resolve();
        },
      },
      { highWaterMark: viewerBytes, size: ({ bytes }) => bytes.length },
    );
    return { output, leave: () => viewer && this.#endView(viewer) };
  }

  #endView(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return;
    viewer.controller.close();
    viewer.taken.resolve();
  }

  /**
   * The end of what somebody types is the end of the stdin that goes with him, and elsewhere that of his view alone: whoever
   * leaves a terminal leaves its program as it is (moby, container/stream/attach.go).
   */
  #input(leave: () => void): WritableStream<Uint8Array> {
    const stdin = this.#stdin;
    const goesWithHim = this.#options.stdinOnce && !this.#options.tty;
    const end = async (): Promise<void> => {
      if (goesWithHim) await (await stdin.promise).close().catch(() => undefined);
    };
    return new WritableStream<Uint8Array>({
      write: async (bytes) => (await stdin.promise).write(bytes),
      async close() {
        if (!goesWithHim) leave();
        await end();
      },
      // Nobody types, or he is not there any more: his view is not this one's to end.
      abort: end,
    });
  }

  async #pump(stream: OutputChunk['stream'], readable: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    try {
      for await (const bytes of chunksOf(readable)) {
        await this.#options.record(stream, bytes);
        for (const viewer of [...this.#viewers]) await this.#give(viewer, { stream, bytes });
      }
    } catch {
      // The machine has ended under it; how, is told by the process.
    }
    await this.#options.record(stream, new Uint8Array());
  }

  async #give(viewer: Viewer, chunk: OutputChunk): Promise<void> {
    if (!viewer.wants[chunk.stream]) return;
    while (this.#viewers.has(viewer) && (viewer.controller.desiredSize ?? 0) <= 0) {
      viewer.taken = createDeferred();
      await viewer.taken.promise;
    }
    if (this.#viewers.has(viewer)) viewer.controller.enqueue(chunk);
  }
}

/** One stream after the other. */
function joined(...streams: readonly (ReadableStream<OutputChunk> | undefined)[]): ReadableStream<OutputChunk> {
  const readers = streams.flatMap((stream) => stream?.getReader() ?? []);
  return new ReadableStream<OutputChunk>(
    {
      async pull(controller) {
        for (let reader = readers[0]; reader; reader = readers[0]) {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          readers.shift();
        }
        controller.close();
      },
      async cancel(reason) {
        await Promise.all(readers.map((reader) => reader.cancel(reason)));
      },
    },
    { highWaterMark: 0 },
  );
}
