import { until } from '../waits';
import { type Descriptor, type Descriptors, descriptorFlag, rights, streamRights } from './descriptors';
import { WasiError } from './errno';
import { type Directory, fileType, type Inode } from './inode';
import type { ProgramTerminal } from './program-io';
import { type FileStatus, serializeDirent, serializeFdstat, serializeFilestat } from './structures';
import type { WasiMemory } from './wasi-memory';

/** Buffers of one read or write (POSIX, IOV_MAX). */
const maxBuffers = 1024;

/** Values of `whence`. */
const whence = { start: 0, current: 1, end: 2 } as const;

export interface DescriptorCallsOptions {
  readonly memory: WasiMemory;
  readonly descriptors: Descriptors;
  readonly terminal: ProgramTerminal;
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
}

/** The calls of preview 1 that begin with `fd_`. */
export function descriptorCalls({ memory, descriptors, terminal, now }: DescriptorCallsOptions) {
  const buffersAt = (pointer: number, count: number): readonly Uint8Array<ArrayBuffer>[] => {
    if (count >>> 0 > maxBuffers) throw new WasiError('invalid');
    return Array.from({ length: count }, (_, index) => {
      const at = pointer + 8 * index;
      return memory.bytes(memory.u32(at), memory.u32(at + 4));
    });
  };

  const readFile = (number: number, pointer: number, count: number, offset?: number): number => {
    const file = descriptors.file(number, rights.read);
    let at = offset ?? file.position;
    let read = 0;
    for (const buffer of buffersAt(pointer, count)) {
      const bytes = file.inode.read(at, buffer.length);
      buffer.set(bytes);
      at += bytes.length;
      read += bytes.length;
    }
    if (offset === undefined) file.position = at;
    return read;
  };

  const writeFile = (number: number, pointer: number, count: number, offset?: number): number => {
    const file = descriptors.file(number, rights.write);
    if (offset === undefined && file.flags & descriptorFlag.append) file.position = file.inode.size;
    let at = offset ?? file.position;
    let written = 0;
    for (const buffer of buffersAt(pointer, count)) {
      file.inode.write(at, buffer);
      at += buffer.length;
      written += buffer.length;
    }
    if (offset === undefined) file.position = at;
    return written;
  };

  /** Waits for a line, unless the program has said that it does not want to. */
  const readTerminal = (flags: number, pointer: number, count: number, result: number): void | Promise<void> => {
    const wanted = buffersAt(pointer, count).reduce((sum, { length }) => sum + length, 0);
    memory.setU32(result, 0);
    if (wanted === 0) return;
    const take = (): true | undefined => {
      const line = terminal.read(wanted);
      if (!line) {
        if (flags & descriptorFlag.nonBlocking) throw new WasiError('again');
        return undefined;
      }
      let at = 0;
      for (const buffer of buffersAt(pointer, count)) {
        const part = line.subarray(at, at + buffer.length);
        buffer.set(part);
        at += part.length;
      }
      memory.setU32(result, line.length);
      return true;
    };
    return settled(until(terminal, take, () => undefined));
  };

  /** Waits until the terminal has taken it all. */
  const writeTerminal = (pointer: number, count: number, result: number): void | Promise<void> => {
    // A copy: the program's memory may be another's when there is room again.
    const pieces = buffersAt(pointer, count).map((buffer) => buffer.slice());
    const total = pieces.reduce((sum, { length }) => sum + length, 0);
    memory.setU32(result, total);
    const give = (): true | undefined => {
      for (let piece = pieces[0]; piece; piece = pieces[0]) {
        const taken = terminal.write(piece);
        if (taken < piece.length) {
          pieces[0] = piece.subarray(taken);
          return undefined;
        }
        pieces.shift();
      }
      return true;
    };
    return settled(until(terminal, give, () => undefined));
  };

  return {
    fd_advise: (number: number) => void descriptors.get(number),
    fd_allocate(number: number, offset: bigint, length: bigint) {
      const { inode } = descriptors.file(number, rights.write);
      const end = toOffset(offset) + toOffset(length);
      if (end > inode.size) inode.resize(end);
    },
    fd_close: (number: number) => descriptors.close(number),
    fd_datasync: (number: number) => void descriptors.get(number),
    fd_sync: (number: number) => void descriptors.get(number),
    fd_fdstat_get(number: number, result: number) {
      const found = descriptors.get(number);
      const base = found.kind === 'file' ? found.rights : found.kind === 'stream' ? streamRights : rights.all;
      memory.set(result, serializeFdstat(typeOf(found), found.flags, base, rights.all));
    },
    fd_fdstat_set_flags(number: number, flags: number) {
      if (flags & ~descriptorFlag.all) throw new WasiError('invalid');
      descriptors.get(number).flags = flags;
    },
    /** Rights are kept by nobody any more (they are gone in later versions of WASI). */
    fd_fdstat_set_rights: (number: number) => void descriptors.get(number),
    fd_filestat_get(number: number, result: number) {
      const found = descriptors.get(number);
      memory.set(result, serializeFilestat(found.kind === 'stream' ? terminalStatus : found.inode));
    },
    fd_filestat_set_size(number: number, size: bigint) {
      descriptors.file(number, rights.write).inode.resize(toOffset(size));
    },
    fd_filestat_set_times(number: number, accessed: bigint, modified: bigint, flags: number) {
      const found = descriptors.get(number);
      if (found.kind !== 'stream') setTimes(found.inode, accessed, modified, flags, now());
    },
    fd_pread(number: number, pointer: number, count: number, offset: bigint, result: number) {
      memory.setU32(result, readFile(number, pointer, count, toOffset(offset)));
    },
    fd_pwrite(number: number, pointer: number, count: number, offset: bigint, result: number) {
      memory.setU32(result, writeFile(number, pointer, count, toOffset(offset)));
    },
    fd_prestat_get(number: number, result: number) {
      const name = preopened(descriptors, number);
      memory.setU32(result, 0);
      memory.setU32(result + 4, name.length);
    },
    fd_prestat_dir_name(number: number, pointer: number, length: number) {
      const name = preopened(descriptors, number);
      if (length >>> 0 < name.length) throw new WasiError('nameTooLong');
      memory.set(pointer, name);
    },
    fd_read(number: number, pointer: number, count: number, result: number) {
      const found = descriptors.get(number);
      if (found.kind === 'stream') return readTerminal(found.flags, pointer, count, result);
      memory.setU32(result, readFile(number, pointer, count));
    },
    fd_readdir(number: number, pointer: number, length: number, cookie: bigint, result: number) {
      const found = descriptors.directory(number);
      if (cookie === 0n) found.listing = listingOf(found.inode);
      const buffer = memory.bytes(pointer, length);
      let used = 0;
      for (let index = toOffset(cookie); index < found.listing.length && used < buffer.length; index += 1) {
        const [name, inode] = found.listing[index] ?? ['', found.inode];
        // What does not fit is cut off: the program sees by that that there is more.
        const entry = serializeDirent(index + 1, inode, name).subarray(0, buffer.length - used);
        buffer.set(entry, used);
        used += entry.length;
      }
      memory.setU32(result, used);
    },
    fd_renumber: (from: number, to: number) => descriptors.renumber(from, to),
    fd_seek(number: number, offset: bigint, from: number, result: number) {
      const file = descriptors.file(number, 0n);
      const start = from === whence.start ? 0 : from === whence.current ? file.position : file.inode.size;
      const position = BigInt(start) + BigInt.asIntN(64, offset);
      if (from > whence.end || position < 0n) throw new WasiError('invalid');
      file.position = toOffset(position);
      memory.setU64(result, position);
    },
    fd_tell(number: number, result: number) {
      memory.setU64(result, BigInt(descriptors.file(number, 0n).position));
    },
    fd_write(number: number, pointer: number, count: number, result: number) {
      if (descriptors.get(number).kind === 'stream') return writeTerminal(pointer, count, result);
      memory.setU32(result, writeFile(number, pointer, count));
    },
  };
}

/** Sets the times of a file as `fstflags` says. */
export function setTimes(inode: Inode, accessed: bigint, modified: bigint, flags: number, now: bigint): void {
  const [setAccessed, accessedNow, setModified, modifiedNow] = [1, 2, 4, 8].map((bit) => (flags & bit) !== 0);
  if ((setAccessed && accessedNow) || (setModified && modifiedNow)) throw new WasiError('invalid');
  if (setAccessed) inode.accessed = BigInt.asUintN(64, accessed);
  if (accessedNow) inode.accessed = now;
  if (setModified) inode.modified = BigInt.asUintN(64, modified);
  if (modifiedNow) inode.modified = now;
  inode.changed = now;
}

/** A size or an offset that can be counted with; `fileTooBig` beyond that. */
function toOffset(value: bigint): number {
  const unsigned = BigInt.asUintN(64, value);
  if (unsigned > BigInt(Number.MAX_SAFE_INTEGER)) throw new WasiError('fileTooBig');
  return Number(unsigned);
}

function typeOf(descriptor: Descriptor): number {
  return descriptor.kind === 'stream' ? fileType.characterDevice : descriptor.inode.type;
}

const terminalStatus: FileStatus = {
  type: fileType.characterDevice,
  number: 0n,
  names: 1,
  size: 0,
  accessed: 0n,
  modified: 0n,
  changed: 0n,
};

function preopened(descriptors: Descriptors, number: number): Uint8Array {
  const found = descriptors.get(number);
  if (found.kind !== 'directory' || found.preopened === undefined) throw new WasiError('badDescriptor');
  return new TextEncoder().encode(found.preopened);
}

function listingOf(directory: Directory): readonly (readonly [string, Inode])[] {
  return [['.', directory], ['..', directory.parent], ...directory.entries];
}

function settled(result: true | Promise<true>): void | Promise<void> {
  return result instanceof Promise ? result.then(() => {}) : undefined;
}
