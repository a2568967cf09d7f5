import type { ContainerMount } from '../../api/container-host';
import { SandboxError } from '../../base/errors';
import { volumePath } from './host-paths';
import { type HostGuest, runProgram, startReading } from './host-program';
import type { HostRuntime } from './host-runtime';
import type { FilesPlace, RootFiles } from './root-files';
import { parseUsage } from './runtime-protocol';

type VolumeMount = Extract<ContainerMount, { readonly kind: 'volume' }>;

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Directories on a host's disk that containers share. */
export class HostVolumes {
  readonly #guest: HostGuest;
  readonly #runtime: HostRuntime;
  readonly #files: RootFiles;
  /** Those that are known to be there, and to have what an image has where they were mounted. */
  readonly #there = new Set<string>();
  readonly #seeded = new Set<string>();

  constructor(guest: HostGuest, runtime: HostRuntime, files: RootFiles) {
    this.#guest = guest;
    this.#runtime = runtime;
    this.#files = files;
  }

  async create(name: string): Promise<void> {
    assertName(name);
    if (this.#there.has(name)) return;
    await this.ensureThere(volumePath(name));
    this.#there.add(name);
  }

  async remove(name: string): Promise<void> {
    assertName(name);
    this.#there.delete(name);
    this.#seeded.delete(name);
    await this.#runtime.call('remove', { path: parentOf(volumePath(name)) });
  }

  async bytes(name: string): Promise<number> {
    assertName(name);
    return parseUsage(await this.#runtime.call('usage', { path: volumePath(name) }));
  }

  async export(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    assertName(name);
    return startReading(this.#guest, ['strata-files', 'pack', volumePath(name), '/', '.'], `Cannot read ${name}`);
  }

  async import(name: string, tar: ReadableStream<Uint8Array>): Promise<void> {
    await this.create(name);
    await this.#files.unpackInto(volumePath(name), tar);
  }

  /** Makes a volume for a mount; an empty one gets what the image has there, as docker's do. */
  async prepare({ volume, target, seed }: VolumeMount, root: FilesPlace): Promise<void> {
    await this.create(volume);
    // The root of a user namespace has to own what it is to write to.
    if ((!seed && root.firstId === undefined) || this.#seeded.has(volume)) return;
    await this.#files.seed(root, seed ? target : '', volumePath(volume));
    this.#seeded.add(volume);
  }

  /** Everybody may write there, as to any `/dev/shm`; its owner finds nothing in it. */
  async prepareMemory(path: string, anew: boolean): Promise<void> {
    const script = 'if [ -n "$2" ]; then rm -rf -- "$1"; fi; mkdir -p -- "$1" && chmod 1777 "$1"';
    const argv = ['/bin/sh', '-c', script, 'prepare-memory', path, anew ? 'anew' : ''];
    await runProgram(this.#guest, argv, `Cannot make ${path}`);
  }

  /** Makes a directory where there is nothing, as docker does for what is to be mounted. */
  async ensureThere(path: string): Promise<void> {
    const script = '[ -e "$1" ] || mkdir -p -- "$1"';
    await runProgram(this.#guest, ['/bin/sh', '-c', script, 'ensure-there', path], `Cannot make ${path}`);
  }
}

function assertName(name: string): void {
  if (namePattern.test(name)) return;
  const message = `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`;
  throw new SandboxError('InvalidArgument', message);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
