import { SandboxError } from '../../base/errors';
import { limitModule, pageBytes } from '../unikernel/wasm-limits';
import { compileModule, isWasix } from './module-kind';
import { wasiCallNames, wasiModule } from './wasi/call-names';

/** A program that can be run: plain WASI by what was compiled, WASIX by its bytes. Its memory has a ceiling. */
export type CheckedProgram =
  | { readonly flavor: 'wasi'; readonly module: WebAssembly.Module }
  | { readonly flavor: 'wasix'; readonly bytes: Uint8Array<ArrayBuffer> };

/**
 * Compiles a program with a ceiling on its memory and checks that it can be run. `InvalidArgument` says what is wrong
 * with it, `ResourceExhausted` that the ceiling is too low for it.
 */
export async function checkProgram(given: Uint8Array<ArrayBuffer>, memoryMiB: number): Promise<CheckedProgram> {
  const bytes = limitModule(given, (memoryMiB * 1024 * 1024) / pageBytes, true);
  const module = await compileModule(bytes);
  const exported = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  if (exported.get('_start') !== 'function') throw invalid('it exports no function "_start"');
  if (isWasix(module)) return { flavor: 'wasix', bytes };
  const unknown = WebAssembly.Module.imports(module).filter(
    ({ module: from, name, kind }) => from !== wasiModule || kind !== 'function' || !wasiCallNames.has(name),
  );
  if (unknown.length > 0) {
    const names = unknown.slice(0, 5).map(({ module: from, name, kind }) => `${from}.${name} (${kind})`);
    const more = unknown.length > names.length ? ` and ${unknown.length - names.length} more` : '';
    throw invalid(`it imports ${names.join(', ')}${more}, which WASI preview 1 does not have`);
  }
  if (exported.get('memory') !== 'memory') throw invalid('it does not export its memory as "memory"');
  return { flavor: 'wasi', module };
}

function invalid(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a program that can be run: ${what}`);
}
