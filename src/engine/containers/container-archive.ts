import type { ContainerChange, ContainerHost, ContainerHosts, ContainerPathStat } from '../../api/container-host';
import { SandboxError } from '../../base/errors';
import { requireTar } from './check-tar';
import type { ContainerEntry } from './container-book';
import { inTurn } from './in-turn';
import type { Lifecycle } from './lifecycle';

export interface ContainerArchiveOptions {
  readonly lifecycle: Lifecycle;
  readonly hosts: ContainerHosts;
  /** By its name, once it is clear whether it runs. */
  readonly settled: (name: string) => Promise<ContainerEntry>;
  readonly event: (entry: ContainerEntry, action: string) => void;
}

/** The files of containers, whether they run or not. */
export class ContainerArchive {
  readonly #options: ContainerArchiveOptions;

  constructor(options: ContainerArchiveOptions) {
    this.#options = options;
  }

  async changes(name: string): Promise<readonly ContainerChange[]> {
    const { host, entry } = await this.#filesOf(name);
    return host.changes(entry.id);
  }

  async statPath(name: string, path: string): Promise<ContainerPathStat> {
    const { host, entry } = await this.#filesOf(name);
    return inDockersWords(name, path, () => host.statPath(entry.id, path));
  }

  async copyOut(name: string, path: string) {
    const { host, entry } = await this.#filesOf(name);
    const stat = await inDockersWords(name, path, () => host.statPath(entry.id, path));
    const tar = await host.copyOut(entry.id, path);
    this.#options.event(entry, 'archive-path');
    return { stat, tar };
  }

  async copyIn(
    name: string,
    path: string,
    tar: ReadableStream<Uint8Array>,
    options: { readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean } = {},
  ): Promise<void> {
    const { host, entry } = await this.#filesOf(name);
    if (entry.stored.host.ReadonlyRootfs) {
      throw new SandboxError('FailedPrecondition', 'container rootfs is marked read-only');
    }
    const { noOverwriteDirNonDir = false, copyUidGid = false } = options;
    const whole = await requireTar(tar);
    await inDockersWords(name, path, () => host.copyIn(entry.id, path, whole, { noOverwriteDirNonDir, copyUidGid }));
    this.#options.event(entry, 'extract-to-dir');
  }

  async export(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { host, entry } = await this.#filesOf(name);
    const tar = await host.exportRoot(entry.id);
    this.#options.event(entry, 'export');
    return tar;
  }

  /** Where its files are. */
  async hostOf(entry: ContainerEntry): Promise<ContainerHost> {
    const { hosts, lifecycle } = this.#options;
    if (entry.run) return entry.run.host;
    const host = await inTurn(entry, () => lifecycle.place(entry));
    return hosts.hosts.find((each) => each.name === host.name) ?? host;
  }

  async #filesOf(name: string): Promise<{ readonly host: ContainerHost; readonly entry: ContainerEntry }> {
    const entry = await this.#options.settled(name);
    return { entry, host: await this.hostOf(entry) };
  }
}

/** Docker's words for a path that there is not. */
async function inDockersWords<T>(name: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SandboxError) || error.code !== 'NotFound') throw error;
    throw new SandboxError('NotFound', `Could not find the file ${path} in container ${name}`, { cause: error });
  }
}
