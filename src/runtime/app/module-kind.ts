import type { AppFlavor } from '../../api/app';
import { SandboxError } from '../../base/errors';
import { manifestSection } from '../unikernel/manifest';
import { wasiModule } from './wasi/call-names';

/** A program is code and what it begins with: compilers and interpreters come near, nothing goes beyond. */
const maxModuleBytes = 64 * 1024 * 1024;

/** The modules that unikernels import from (docs/ABI.md). */
const unikernelModules: ReadonlySet<string> = new Set(['solo5', 'strata']);

/** WASIX in 32 and 64 bits, and the proposal for threads that came before. */
const wasixModules = /^(wasix_(32|64)v1|wasi)$/;

/** `\0asm`, and the two numbers that come after it: of a module, and of a component. */
const magic = [0x00, 0x61, 0x73, 0x6d];
const moduleVersion = [0x01, 0x00, 0x00, 0x00];
const componentLayer = 0x01;

/** What a `.wasm` file is, told by what it asks of its host. */
export type ModuleKind = 'unikernel' | AppFlavor;

/**
 * Says what a file can be run as. `InvalidArgument` for what is nothing of that kind, with what it is instead where
 * that can be told.
 */
export async function moduleKind(bytes: Uint8Array<ArrayBuffer>): Promise<ModuleKind> {
  const module = await compileModule(bytes);
  const from = new Set(WebAssembly.Module.imports(module).map((each) => each.module));
  const isUnikernel = WebAssembly.Module.customSections(module, manifestSection).length > 0;
  if (isUnikernel || [...from].some((name) => unikernelModules.has(name))) return 'unikernel';
  if (isWasix(module)) return 'wasix';
  assertCommand(module, from);
  return 'wasi';
}

/** `InvalidArgument` says why it is no module. */
export async function compileModule(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  if (bytes.length > maxModuleBytes) throw invalid(`it has ${bytes.length} bytes, more than ${maxModuleBytes}`);
  if (!magic.every((byte, index) => bytes[index] === byte)) throw invalid('it does not begin as WebAssembly does');
  if (bytes[6] === componentLayer) {
    throw invalid('it is a component (WASI 0.2), which browsers cannot run: build it for wasm32-wasip1');
  }
  if (!moduleVersion.every((byte, index) => bytes[4 + index] === byte)) {
    throw invalid('it is of a version of WebAssembly that there is not');
  }
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new SandboxError('InvalidArgument', `Not a module that can be run: ${String(cause)}`, { cause });
  }
}

/** It has calls of WASIX, or shares a memory that it is given with threads. */
export function isWasix(module: WebAssembly.Module): boolean {
  return WebAssembly.Module.imports(module).some(
    ({ module: from, kind }) => wasixModules.test(from) || kind === 'memory',
  );
}

function assertCommand(module: WebAssembly.Module, from: ReadonlySet<string>): void {
  if (from.has('wasi_unstable')) {
    throw invalid('it was built for an old WASI (wasi_unstable): build it again for wasm32-wasip1');
  }
  const others = [...from].filter((name) => name !== wasiModule);
  if (others.length > 0) {
    const named = others.slice(0, 5).map((name) => `"${name}"`);
    throw invalid(
      `it imports from ${named.join(', ')}, and is neither a unikernel (solo5) nor a program of WASI (${wasiModule})`,
    );
  }
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  if (exported.includes('_start')) return;
  const what = exported.includes('_initialize') ? 'it is a library (a reactor)' : 'it exports no _start';
  throw invalid(`${what}, and not a program: build it with a main function`);
}

function invalid(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a module that can be run: ${what}`);
}
