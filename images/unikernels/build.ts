import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import type { Lock } from '../lib/lock';
import { buildDirectory, imagesDirectory } from '../lib/paths';
import { run } from '../lib/run';
import { unpackPackage } from '../lib/unpack';
import { embedFiles } from './embed';

const sources = join(imagesDirectory, 'unikernels');
const output = join(buildDirectory, 'unikernels');

/** Those that are called when there is something to do: each a folder here and a name in the Makefile. */
const eventedNames = ['hello', 'httpd', 'kv', 'lb', 'dns', 'click', 'search', 'gateway'];
/** Ordinary programs, whose calls wait: a file in `examples` each. */
const waitingNames = ['echo', 'fetch'];

export interface Unikernel {
  readonly name: string;
  readonly module: Uint8Array;
  /** The same for engines without JSPI. */
  readonly asyncify?: Uint8Array;
}

/** Compiles every unikernel. */
export function buildUnikernels(lock: Lock): readonly Unikernel[] {
  // Of every folder, so that a program that somebody adds to the Makefile has its files, too.
  for (const entry of readdirSync(sources, { withFileTypes: true })) {
    if (entry.isDirectory()) embedFiles(join(sources, entry.name, 'files'), join(output, 'files', `${entry.name}.c`));
  }
  const settings = { OUT: output, LWIP: unpackPackage(lock, 'lwip'), WASI: unpackPackage(lock, 'wasi-libc') };
  run('make', ['-s', '-C', sources, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]);
  return [
    ...eventedNames.map((name) => ({ name, module: readModule(name) })),
    ...waitingNames.map((name) => ({ name, module: readModule(name), asyncify: readModule(`${name}.asyncify`) })),
  ];
}

/** The library OS is between the program and the host: what calls past it is a mistake of the recipe. */
function readModule(name: string): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(readFileSync(join(output, `${name}.wasm`)));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const foreign = imports.filter(({ module }) => module !== 'solo5' && module !== 'strata');
  if (foreign.length === 0) return bytes;
  const list = foreign.map((entry) => `${entry.module}.${entry.name}`).join(', ');
  throw new SandboxError('Internal', `The unikernel ${name} imports ${list}, which is not in the ABI`);
}
