import { type GuestEnd, GuestEnded } from '../../unikernel/guest-end';
import { descriptorCalls } from './descriptor-calls';
import { Descriptors } from './descriptors';
import { errno, WasiError } from './errno';
import { Directory, type FileSystemContext, RegularFile, Room } from './inode';
import { pathCalls } from './path-calls';
import { resolvePath } from './paths';
import { pollCall } from './poll-call';
import { processCalls } from './process-calls';
import type { ProgramIo } from './program-io';
import { WasiMemory } from './wasi-memory';

/** Bytes of all that a program keeps in files, those that it was given among them. */
const fileRoom = 128 * 1024 * 1024;

export interface GivenFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface WasiOptions {
  /** The first is the program's name. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly files: readonly GivenFile[];
  readonly io: ProgramIo;
}

type Answer = number | Promise<number>;
type Call = (...args: never[]) => void | Promise<void>;

/**
 * The calls of WASI preview 1 (`wasi_snapshot_preview1`) for one program: a file system in memory with the root as its
 * only open folder, and a terminal as standard input, output and error.
 */
export class Wasi {
  /** Each gives the program an `errno`. What ends the program is thrown (`GuestEnded`). */
  readonly calls: Readonly<Record<string, (...args: never[]) => Answer>>;
  readonly #memory = new WasiMemory();
  #end: GuestEnd | undefined;

  /** `WasiError` when the files cannot be had. */
  constructor({ args, env, files, io }: WasiOptions) {
    const context: FileSystemContext = { room: new Room(fileRoom), now: () => io.now(), nextInode: 1n };
    const root = new Directory(context);
    root.named();
    for (const { path, bytes } of files) putFile(root, path, bytes);
    const descriptors = new Descriptors();
    for (let stream = 0; stream < 3; stream += 1) descriptors.add({ kind: 'stream', flags: 0 });
    descriptors.add({ kind: 'directory', inode: root, flags: 0, preopened: '/', listing: [] });
    const memory = this.#memory;
    const calls: Readonly<Record<string, Call>> = {
      ...processCalls({ memory, args, env, io }),
      ...descriptorCalls({ memory, descriptors, terminal: io.terminal, now: () => io.now() }),
      ...pathCalls({ memory, descriptors, files: context }),
      poll_oneoff: pollCall({ memory, descriptors, io }),
    };
    this.calls = Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, this.#answering(call)]));
  }

  /** Before the program begins. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory.attach(memory);
  }

  /** Set once the program has ended itself: one that catches what is thrown has ended all the same. */
  get end(): GuestEnd | undefined {
    return this.#end;
  }

  /** Gives the error as the result, where there was one. */
  #answering(call: Call): (...args: never[]) => Answer {
    return (...args) => {
      if (this.#end) throw new GuestEnded(this.#end);
      try {
        const waiting = call(...args);
        return waiting ? waiting.then(() => errno.success, failed) : errno.success;
      } catch (thrown) {
        if (thrown instanceof GuestEnded) this.#end = thrown.end;
        return failed(thrown);
      }
    };
  }
}

function failed(thrown: unknown): number {
  if (thrown instanceof WasiError) return thrown.errno;
  throw thrown;
}

function putFile(root: Directory, path: string, bytes: Uint8Array): void {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  const name = steps.pop();
  if (name === undefined) throw new WasiError('noEntry');
  let folder = root;
  for (const step of steps) {
    const { inode } = resolvePath(folder, step, true);
    if (inode && !(inode instanceof Directory)) throw new WasiError('notDirectory');
    const next = inode ?? new Directory(root.context);
    if (!inode) folder.link(step, next);
    folder = next;
  }
  const file = new RegularFile(root.context);
  file.write(0, bytes);
  folder.link(name, file);
}
