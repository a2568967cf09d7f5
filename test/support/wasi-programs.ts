import { assemble } from './guest-modules';

/** Calls of WASI preview 1 with their types, for tiny programs to pick from. */
const signatures: Readonly<Record<string, string>> = {
  fd_write: '(param i32 i32 i32 i32) (result i32)',
  fd_read: '(param i32 i32 i32 i32) (result i32)',
  poll_oneoff: '(param i32 i32 i32 i32) (result i32)',
  random_get: '(param i32 i32) (result i32)',
  args_get: '(param i32 i32) (result i32)',
  environ_get: '(param i32 i32) (result i32)',
  path_open: '(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)',
  proc_exit: '(param i32)',
  proc_raise: '(param i32) (result i32)',
};

/**
 * A program from a few lines of WebAssembly text: `main` is the body of `_start`, with `$say` (pointer, length) to
 * print, and `$read` that puts a line of at most 4,096 bytes at 8192 and gives its length. Below 256 is theirs.
 */
export function program(main: string, more = ''): Uint8Array<ArrayBuffer> {
  const imports = Object.entries(signatures).map(
    ([name, type]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`,
  );
  const memory = more.includes('(memory') ? '' : '(memory (export "memory") 1)';
  return assemble(`(module ${imports.join('\n')} ${memory} ${more}
    (func $say (param $at i32) (param $length i32)
      (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $length))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func $read (result i32)
      (i32.store (i32.const 16) (i32.const 8192)) (i32.store (i32.const 20) (i32.const 4096))
      (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
      (i32.load (i32.const 24)))
    (func (export "_start") (local $count i32) (local $length i32) ${main}))`);
}

/** Says a text and ends with that code. */
export function saying(text: string, code: number): Uint8Array<ArrayBuffer> {
  return program(
    `(call $say (i32.const 256) (i32.const ${text.length})) (call $proc_exit (i32.const ${code}))`,
    `(data (i32.const 256) "${text.replaceAll('\n', '\\0a')}")`,
  );
}

/** Says back what is typed, line by line, until the input ends. */
export const echoing = program(`(loop $next
  (local.set $count (call $read))
  (if (local.get $count) (then (call $say (i32.const 8192) (local.get $count)) (br $next))))`);

/** Keeps the CPU for ever, after it has said so. */
export const spinning = program(
  '(call $say (i32.const 256) (i32.const 8)) (loop $l (br $l))',
  '(data (i32.const 256) "spinning")',
);
