import type { UnikernelDevice } from '../../api/unikernel';
import { SandboxError } from '../../base/errors';
import { manifestSection, parseManifest } from './manifest';
import { limitModule, pageBytes } from './wasm-limits';

/** Evented modules are called when there is something to do; blocking ones run on and wait by `solo5.yield`. */
export type ModuleForm = 'evented' | 'blocking';

/** A module that keeps the rules of docs/ABI.md as far as they can be seen before it runs. */
export interface CheckedModule {
  readonly module: WebAssembly.Module;
  readonly form: ModuleForm;
  /** Whether it was rewritten to wait without JSPI (binaryen's asyncify). */
  readonly asyncify: boolean;
  readonly devices: readonly UnikernelDevice[];
}

/** All that a module may import, as functions. */
const knownImports: Readonly<Record<string, ReadonlySet<string>>> = {
  solo5: new Set([
    'console_write',
    'clock_monotonic',
    'clock_wall',
    'yield',
    'exit',
    'abort',
    'net_acquire',
    'net_read',
    'net_write',
    'block_acquire',
    'block_read',
    'block_write',
  ]),
  strata: new Set(['arguments', 'config_read', 'random', 'block_flush', 'block_flushed']),
};

/** What binaryen's asyncify adds. */
const asyncifyExports = [
  'asyncify_start_unwind',
  'asyncify_stop_unwind',
  'asyncify_start_rewind',
  'asyncify_stop_rewind',
] as const;

/** A module is code and what it begins with; no program of this kind comes near. */
const maxModuleBytes = 64 * 1024 * 1024;

/**
 * Compiles a module with a ceiling on its memory and checks it. `InvalidArgument` says which rule it breaks,
 * `ResourceExhausted` that the ceiling is too low for it.
 */
export async function checkModule(bytes: Uint8Array, memoryMiB: number): Promise<CheckedModule> {
  if (bytes.length > maxModuleBytes) throw invalid(`it has ${bytes.length} bytes, more than ${maxModuleBytes}`);
  const module = await compile(limitModule(bytes, (memoryMiB * 1024 * 1024) / pageBytes));
  checkImports(module);
  const exported = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  const isFunction = (name: string): boolean => exported.get(name) === 'function';
  if (exported.get('memory') !== 'memory') throw invalid('it does not export its memory as "memory"');
  return {
    module,
    form: formOf(isFunction),
    asyncify: asyncifyExports.every(isFunction),
    devices: devicesOf(module),
  };
}

function formOf(isFunction: (name: string) => boolean): ModuleForm {
  const missing = ['solo5_app_init', 'solo5_app_poll'].filter((name) => !isFunction(name));
  if (missing.length === 0) return 'evented';
  if (isFunction('solo5_app_main')) return 'blocking';
  throw invalid(`it exports neither solo5_app_main nor ${missing.join(' and ')}`);
}

function checkImports(module: WebAssembly.Module): void {
  const unknown = WebAssembly.Module.imports(module).filter(
    ({ module: from, name, kind }) =>
      kind !== 'function' || !Object.hasOwn(knownImports, from) || !knownImports[from]?.has(name),
  );
  if (unknown.length === 0) return;
  const names = unknown.slice(0, 5).map(({ module: from, name, kind }) => `${from}.${name} (${kind})`);
  const more = unknown.length > names.length ? ` and ${unknown.length - names.length} more` : '';
  throw invalid(`it imports ${names.join(', ')}${more}, which the ABI does not have`);
}

function devicesOf(module: WebAssembly.Module): readonly UnikernelDevice[] {
  const [section, ...others] = WebAssembly.Module.customSections(module, manifestSection);
  if (!section) throw invalid(`it has no manifest (a custom section "${manifestSection}")`);
  if (others.length > 0) throw invalid(`it has ${others.length + 1} manifests`);
  return parseManifest(section);
}

async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new SandboxError('InvalidArgument', `Not a module that can be run: ${String(cause)}`, { cause });
  }
}

function invalid(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a module that can be run: ${what}`);
}
