import { describe, expect, it } from 'vitest';
import { wasiCallNames } from './call-names';
import { errno } from './errno';
import type { ProgramIo } from './program-io';
import { Wasi, type WasiOptions } from './wasi';

const io: ProgramIo = {
  terminal: { news: 0, readable: false, read: () => undefined, write: (bytes) => bytes.length, wait: () => {} },
  now: () => 1_700_000_000_000_000_000n,
  monotonic: () => 5n,
  random: (bytes) => void bytes.fill(9),
};

/** Where texts are put for a call; results come below. */
const textAt = 1024;

/** The root, as it is found open. */
const root = 3;

function setUp(options: Partial<WasiOptions> = {}) {
  const wasi = new Wasi({ args: ['program'], env: [], files: [], io, ...options });
  const memory = new WebAssembly.Memory({ initial: 1 });
  wasi.attach(memory);
  const view = (): DataView => new DataView(memory.buffer);
  const put = (text: string, at = textAt): number => {
    const bytes = new TextEncoder().encode(text);
    new Uint8Array(memory.buffer).set(bytes, at);
    return bytes.length;
  };
  const call = (name: string, ...args: (number | bigint)[]): number =>
    (wasi.calls[name] as (...args: (number | bigint)[]) => number)(...args);
  const open = (path: string, flags = 0, rights = 66n): number =>
    call('path_open', root, 1, textAt, put(path), flags, rights, 0n, 0, 0);
  return { wasi, memory, view, put, call, open };
}

describe('WASI', () => {
  it('has all calls of preview 1', () => {
    expect(new Set(Object.keys(setUp().wasi.calls))).toEqual(wasiCallNames);
  });

  it('counts bytes of arguments, not characters', () => {
    const { call, view, memory } = setUp({ args: ['ä', '€'] });
    expect(call('args_sizes_get', 0, 4)).toBe(errno.success);
    expect([view().getUint32(0, true), view().getUint32(4, true)]).toEqual([2, 3 + 4]);
    call('args_get', 16, 64);
    expect([view().getUint32(16, true), view().getUint32(20, true)]).toEqual([64, 67]);
    expect(new TextDecoder().decode(new Uint8Array(memory.buffer, 64, 7))).toBe('ä\0€\0');
  });

  it('lays out the files that it is given, with the folders on the way', () => {
    const { open, call, view } = setUp({ files: [{ path: '/a/b/c.txt', bytes: Uint8Array.of(1, 2, 3) }] });
    expect(open('a/b/c.txt')).toBe(errno.success);
    expect(call('fd_filestat_get', view().getUint32(0, true), 128)).toBe(errno.success);
    expect(view().getBigUint64(128 + 32, true)).toBe(3n);
  });

  it('gives the lowest descriptor that is free', () => {
    const { open, call, view } = setUp();
    const opened = ['x', 'y', 'z'].map((name) => {
      open(name, 1);
      return view().getUint32(0, true);
    });
    expect(opened).toEqual([4, 5, 6]);
    call('fd_close', 5);
    open('x');
    expect(view().getUint32(0, true)).toBe(5);
    call('fd_renumber', 6, 4);
    expect([call('fd_tell', 6, 0), call('fd_tell', 4, 0)]).toEqual([errno.badDescriptor, errno.success]);
  });

  it.each([
    ['../up', errno.notCapable],
    ['/absolute', errno.notCapable],
    ['in/../../up', errno.notCapable],
    ['out/up', errno.notCapable],
    ['in/./../in/file', errno.success],
    ['in/file/', errno.notDirectory],
    ['a\0b', errno.invalid],
    ['', errno.noEntry],
  ])('walks %j: %s', (path, result) => {
    const { open, call, put } = setUp({ files: [{ path: 'in/file', bytes: new Uint8Array() }] });
    const length = put('..', 2048);
    call('path_symlink', 2048, length, root, textAt, put('out'));
    expect(open(path)).toBe(result);
  });

  it('refuses links that lead out of the root', () => {
    const { call, put } = setUp();
    expect(call('path_symlink', 2048, put('/etc', 2048), root, textAt, put('out'))).toBe(errno.notCapable);
  });

  it('has room for so much and no more, and gets it back when a file is gone', () => {
    const { open, call, view, put } = setUp();
    open('large', 1);
    const large = view().getUint32(0, true);
    expect(call('fd_filestat_set_size', large, 127n * 1024n * 1024n)).toBe(errno.success);
    expect(call('fd_filestat_set_size', large, 129n * 1024n * 1024n)).toBe(errno.noSpace);
    expect(call('fd_filestat_set_size', large, 2n ** 63n)).toBe(errno.fileTooBig);
    open('other', 1);
    const other = view().getUint32(0, true);
    expect(call('fd_allocate', other, 0n, 64n * 1024n * 1024n)).toBe(errno.noSpace);
    expect(call('path_unlink_file', root, textAt, put('large'))).toBe(errno.success);
    expect(call('fd_allocate', other, 0n, 64n * 1024n * 1024n)).toBe(errno.noSpace);
    call('fd_close', large);
    expect(call('fd_allocate', other, 0n, 64n * 1024n * 1024n)).toBe(errno.success);
  });

  it('opens no more than so many files', () => {
    const { open } = setUp();
    const results = Array.from({ length: 1030 }, () => open('file', 1));
    expect(results.filter((result) => result === errno.success)).toHaveLength(1020);
    expect(results.at(-1)).toBe(errno.tooManyFiles);
  });

  it('reads a folder in pieces, as it was when the reading began', () => {
    const files = ['one', 'two', 'three'].map((path) => ({ path, bytes: new Uint8Array() }));
    const { call, view, memory, put } = setUp({ files });
    const names: string[] = [];
    let cookie = 0n;
    for (;;) {
      expect(call('fd_readdir', root, 256, 40, cookie, 0)).toBe(errno.success);
      if (view().getUint32(0, true) === 0) break;
      const length = view().getUint32(256 + 16, true);
      cookie = view().getBigUint64(256, true);
      names.push(new TextDecoder().decode(new Uint8Array(memory.buffer, 256 + 24, length)));
      if (names.length === 2) call('path_unlink_file', root, textAt, put('one'));
    }
    expect(names).toEqual(['.', '..', 'one', 'two', 'three']);
  });

  it.each([
    ['what is not open', 'fd_tell', [9, 0], errno.badDescriptor],
    ['the place of a terminal', 'fd_tell', [1, 0], errno.illegalSeek],
    ['a folder as a file', 'fd_read', [root, 0, 0, 0], errno.isDirectory],
    ['a result outside of its memory', 'fd_tell', [4, 65_532], errno.fault],
    ['a clock that there is not', 'clock_time_get', [9, 0n, 0], errno.invalid],
    ['sockets', 'sock_accept', [root, 0, 0], errno.notSocket],
    ['nothing to wait for', 'poll_oneoff', [0, 0, 0, 0], errno.invalid],
    ['a name that is no text', 'path_unlink_file', [root, textAt, 1], errno.illegalBytes],
  ])('refuses %s by a result', (_what, name, args, result) => {
    const { call, open, view } = setUp();
    open('file', 1);
    view().setUint8(textAt, 0xff);
    expect(call(name, ...args)).toBe(result);
  });

  it('ends the program once and for all', () => {
    const { call, wasi } = setUp();
    expect(() => call('proc_exit', 3)).toThrow();
    expect(() => call('fd_tell', 1, 0)).toThrow();
    expect(wasi.end).toEqual({ kind: 'exited', status: 3 });
  });
});
