import { SandboxError } from '../../base/errors';

/** What detaches unless something else was asked for. */
const usualKeys = 'ctrl-p,ctrl-q';

/**
 * The bytes of `ctrl-p,ctrl-q` (moby/term, ascii.go). `InvalidArgument` for a key that is none.
 */
export function parseDetachKeys(text: string = usualKeys): Uint8Array {
  return Uint8Array.from(text.split(','), (key) => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 0x40;
    throw new SandboxError('InvalidArgument', `Unknown character: '${key}'`);
  });
}

/**
 * What is typed, without the detach keys: when they are typed one after the other, it ends there and `detached` is called.
 * Keys that begin like them and go on differently are passed on.
 */
export function watchDetachKeys(keys: Uint8Array, detached: () => void): TransformStream<Uint8Array, Uint8Array> {
  let matched = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const passed: number[] = [];
      for (const byte of chunk) {
        if (byte === keys[matched]) {
          matched += 1;
          if (matched < keys.length) continue;
          if (passed.length > 0) controller.enqueue(Uint8Array.from(passed));
          detached();
          controller.terminate();
          return;
        }
        passed.push(...keys.subarray(0, matched));
        matched = byte === keys[0] ? 1 : 0;
        if (matched === 0) passed.push(byte);
      }
      if (passed.length > 0) controller.enqueue(Uint8Array.from(passed));
    },
    flush(controller) {
      if (matched > 0 && matched < keys.length) controller.enqueue(keys.slice(0, matched));
    },
  });
}
