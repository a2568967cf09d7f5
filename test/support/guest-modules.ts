import initWabt from 'wabt';
import type { UnikernelDevice } from '../../src/api/unikernel';
import { concatBytes } from '../../src/base/bytes';

const wabt = await initWabt();

/** The imports of docs/ABI.md with their types, for tiny guests to pick from. */
const signatures: Readonly<Record<string, string>> = {
  'solo5.console_write': '(param i32 i32)',
  'solo5.clock_monotonic': '(result i64)',
  'solo5.clock_wall': '(result i64)',
  'solo5.yield': '(param i64 i32)',
  'solo5.exit': '(param i32)',
  'solo5.abort': '',
  'solo5.net_acquire': '(param i32 i32 i32) (result i32)',
  'solo5.net_read': '(param i64 i32 i32 i32) (result i32)',
  'solo5.net_write': '(param i64 i32 i32) (result i32)',
  'solo5.block_acquire': '(param i32 i32 i32) (result i32)',
  'solo5.block_read': '(param i64 i64 i32 i32) (result i32)',
  'solo5.block_write': '(param i64 i64 i32 i32) (result i32)',
  'strata.arguments': '(param i32 i32) (result i32)',
  'strata.config_read': '(param i32 i32 i32 i32) (result i64)',
  'strata.random': '(param i32 i32) (result i32)',
  'strata.block_flush': '(param i64 i32) (result i32)',
  'strata.block_flushed': '(param i64 i32) (result i32)',
};

export const net = (name: string): UnikernelDevice => ({ name, type: 'NET_BASIC' });
export const block = (name: string): UnikernelDevice => ({ name, type: 'BLOCK_BASIC' });

export interface GuestText {
  readonly devices?: readonly unknown[];
  /** Pages that its memory begins with, and at most has; `memory` in text replaces them. */
  readonly memory?: string;
  /** Body of solo5_app_init, which returns an i32. */
  readonly init?: string;
  /** Body of solo5_app_poll; `(local.get $ready)` is what is ready. Returns the deadline, an i64. */
  readonly poll?: string;
  /** Body of solo5_app_main, in the place of both. */
  readonly main?: string;
  /** Anything else. */
  readonly more?: string;
  /** The whole text of the manifest; absent: one of the devices. */
  readonly manifest?: string | undefined;
}

/** For devices alone. */
export const never = '(i64.const -1)';

/**
 * A guest from a few lines of WebAssembly text. Functions are imported by their bare names, all that the ABI has. In
 * its memory: names from 1024 on by {@link data}, and whatever it does itself.
 */
export function guest(text: GuestText): Uint8Array<ArrayBuffer> {
  const { devices = [], memory = '(memory (export "memory") 1)', more = '' } = text;
  const entry =
    text.main === undefined
      ? `(func (export "solo5_app_init") (result i32) ${text.init ?? '(i32.const 0)'})
         (func (export "solo5_app_poll") (param $ready i64) (result i64) ${text.poll ?? never})`
      : `(func (export "solo5_app_main") (result i32) (local $count i32) ${text.main})`;
  const imports = Object.entries(signatures).map(([name, type]) => {
    const [from, called] = name.split('.');
    return `(import "${from}" "${called}" (func $${called} ${type}))`;
  });
  const code = assemble(`(module ${imports.join('\n')} ${memory} ${more} ${entry})`);
  const manifest = text.manifest ?? JSON.stringify({ type: 'solo5.manifest', version: 1, devices });
  return withSection(code, 'solo5.manifest', manifest);
}

/** The module of a text, without a manifest. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = wabt.parseWat('guest.wat', text, { bulk_memory: true, sign_extension: true, exceptions: true });
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** A data segment with a text and a NUL. */
export function data(at: number, text: string): string {
  return `(data (i32.const ${at}) "${text}\\00")`;
}

/** Adds a custom section. */
export function withSection(module: Uint8Array, name: string, content: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const [nameBytes, contentBytes] = [encoder.encode(name), encoder.encode(content)];
  const body = concatBytes([leb(nameBytes.length), nameBytes, contentBytes]);
  return concatBytes([module, Uint8Array.of(0), leb(body.length), body]);
}

function leb(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}
