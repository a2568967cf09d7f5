import { assemble } from './guest-modules';

/** Calls of WASIX with their types, for tiny programs to pick from. */
const wasix: Readonly<Record<string, string>> = {
  sock_open: '(param i32 i32 i32 i32) (result i32)',
  sock_bind: '(param i32 i32) (result i32)',
  sock_listen: '(param i32 i32) (result i32)',
  sock_accept_v2: '(param i32 i32 i32 i32) (result i32)',
  sock_connect: '(param i32 i32) (result i32)',
  sock_recv: '(param i32 i32 i32 i32 i32 i32) (result i32)',
  sock_send: '(param i32 i32 i32 i32 i32) (result i32)',
  resolve: '(param i32 i32 i32 i32 i32 i32) (result i32)',
};

const wasi: Readonly<Record<string, string>> = {
  fd_write: '(param i32 i32 i32 i32) (result i32)',
  fd_read: '(param i32 i32 i32 i32) (result i32)',
  fd_close: '(param i32) (result i32)',
  args_get: '(param i32 i32) (result i32)',
  path_open: '(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)',
  proc_exit: '(param i32)',
};

/** A socket's address: the family of IPv4, a port, four bytes. */
function socketAddress(at: number, address: string, port: number): string {
  const bytes = [1, 0, port & 255, port >> 8, ...address.split('.').map(Number)];
  return `(data (i32.const ${at}) "${bytes.map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`;
}

/**
 * A program of WASIX from a few lines of WebAssembly text. What goes wrong ends it with the call's error (`$must`). At
 * 0 are buffers of calls, from 512 on what it is given.
 */
function program(main: string, more: string): Uint8Array<ArrayBuffer> {
  const importsOf = (module: string, calls: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(calls).map(([name, type]) => `(import "${module}" "${name}" (func $${name} ${type}))`);
  return assemble(`(module
    ${[...importsOf('wasix_32v1', wasix), ...importsOf('wasi_snapshot_preview1', wasi)].join('\n')}
    (memory (export "memory") 2) ${more}
    (func $must (param $error i32) (if (local.get $error) (then (call $proc_exit (local.get $error)))))
    (func $buffer (param $at i32) (param $length i32)
      (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $length)))
    (func $say (param $at i32) (param $length i32)
      (call $buffer (local.get $at) (local.get $length))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func $send (param $socket i32) (param $at i32) (param $length i32)
      (call $buffer (local.get $at) (local.get $length))
      (call $must (call $sock_send (local.get $socket) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8))))
    (func $receive (param $socket i32) (result i32)
      (call $buffer (i32.const 65536) (i32.const 32768))
      (call $must (call $sock_recv (local.get $socket) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8) (i32.const 12)))
      (i32.load (i32.const 8)))
    (func $socket (result i32)
      (call $must (call $sock_open (i32.const 1) (i32.const 1) (i32.const 6) (i32.const 16)))
      (i32.load (i32.const 16)))
    (func (export "_start") (local $socket i32) (local $peer i32) (local $length i32) ${main}))`);
}

/** Listens at a port and sends back what each connection sends, one after the other, for ever. */
export function echoServer(port: number): Uint8Array<ArrayBuffer> {
  return program(
    `(local.set $socket (call $socket))
     (call $must (call $sock_bind (local.get $socket) (i32.const 512)))
     (call $must (call $sock_listen (local.get $socket) (i32.const 8)))
     (call $say (i32.const 528) (i32.const 10))
     (loop $next
       (call $must (call $sock_accept_v2 (local.get $socket) (i32.const 0) (i32.const 20) (i32.const 64)))
       (local.set $peer (i32.load (i32.const 20)))
       (block $over (loop $more
         (br_if $over (i32.eqz (local.tee $length (call $receive (local.get $peer)))))
         (call $send (local.get $peer) (i32.const 65536) (local.get $length)) (br $more)))
       (drop (call $fd_close (local.get $peer)))
       (br $next))`,
    `${socketAddress(512, '0.0.0.0', port)} (data (i32.const 528) "listening\\0a")`,
  );
}

/** Looks a name up, connects to its address, sends a text and says all that comes back. */
export function client(name: string, port: number, request: string): Uint8Array<ArrayBuffer> {
  const text = [...new TextEncoder().encode(request)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`);
  return program(
    `(call $must (call $resolve (i32.const 2048) (i32.const ${name.length}) (i32.const ${port}) (i32.const 1024) (i32.const 1) (i32.const 20)))
     (if (i32.eqz (i32.load (i32.const 20))) (then (call $proc_exit (i32.const 99))))
     (i32.store (i32.const 516) (i32.load (i32.const 1026)))
     (local.set $socket (call $socket))
     (call $must (call $sock_connect (local.get $socket) (i32.const 512)))
     (call $send (local.get $socket) (i32.const 528) (i32.const ${text.length}))
     (block $over (loop $more
       (br_if $over (i32.eqz (local.tee $length (call $receive (local.get $socket)))))
       (call $say (i32.const 65536) (local.get $length)) (br $more)))`,
    `${socketAddress(512, '0.0.0.0', port)} (data (i32.const 528) "${text.join('')}") (data (i32.const 2048) "${name}")`,
  );
}

/** Says its first argument, which has five bytes, what is in its file, and back what is typed; ends with 4. */
export const talker = program(
  `(drop (call $args_get (i32.const 1024) (i32.const 2048))) (call $say (i32.load (i32.const 1028)) (i32.const 5))
   (call $say (i32.const 512) (i32.const 1))
   ;; Which of the descriptors that it finds is the root is not said.
   (local.set $peer (i32.const 2))
   (loop $next
     (local.set $peer (i32.add (local.get $peer) (i32.const 1)))
     (br_if $next (i32.and (i32.lt_u (local.get $peer) (i32.const 10)) (i32.ne (i32.const 0)
       (call $path_open (local.get $peer) (i32.const 1) (i32.const 520) (i32.const 11) (i32.const 0) (i64.const 2) (i64.const 0)
         (i32.const 0) (i32.const 32))))))
   (call $buffer (i32.const 65536) (i32.const 100))
   (call $must (call $fd_read (i32.load (i32.const 32)) (i32.const 0) (i32.const 1) (i32.const 8)))
   (call $say (i32.const 65536) (i32.load (i32.const 8)))
   (call $say (i32.const 512) (i32.const 1))
   (block $over (loop $more
     (call $buffer (i32.const 65536) (i32.const 4096))
     (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
     (br_if $over (i32.eqz (local.tee $length (i32.load (i32.const 8)))))
     (call $say (i32.const 514) (i32.const 5)) (call $say (i32.const 65536) (local.get $length)) (br $more)))
   (call $proc_exit (i32.const 4))`,
  '(data (i32.const 512) "\\0a") (data (i32.const 514) "You: ") (data (i32.const 520) "data/in.txt")',
);

/** Keeps the CPU for ever, after it has said so. */
export const spinning = program(
  '(call $say (i32.const 512) (i32.const 8)) (loop $l (br $l))',
  '(data (i32.const 512) "spinning")',
);

export const trapping = program('(unreachable)', '');
