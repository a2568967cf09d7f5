import type {
  ContainerChange,
  ContainerHost,
  ContainerHosts,
  ContainerPathStat,
  ContainerView,
} from '../../api/container-host';
import { SandboxError } from '../../base/errors';
import { requireTar } from './check-tar';
import type { ContainerEntry } from './container-book';
import { cleanPath } from './container-mounts';
import { viewOf } from './container-spec';
import { resolveUser, type UserDatabase } from './container-user';
import { inTurn } from './in-turn';
import type { Lifecycle } from './lifecycle';

export interface ContainerArchiveOptions {
  readonly lifecycle: Lifecycle;
  readonly hosts: ContainerHosts;
  /** By its name, once it is clear whether it runs. */
  readonly settled: (name: string) => Promise<ContainerEntry>;
  readonly event: (entry: ContainerEntry, action: string) => void;
  /** `/etc/passwd` and `/etc/group` of its image. */
  readonly users: (entry: ContainerEntry, host: ContainerHost) => Promise<UserDatabase>;
}

/** The files of containers, whether they run or not. */
export class ContainerArchive {
  readonly #options: ContainerArchiveOptions;

  constructor(options: ContainerArchiveOptions) {
    this.#options = options;
  }

  async changes(name: string): Promise<readonly ContainerChange[]> {
    const entry = await this.#options.settled(name);
    const { placed, image } = entry.stored;
    // Nothing has been written by one that belongs nowhere yet, and to look is no reason to place it.
    if (placed === undefined && !image.unikernel) return [];
    return (await this.hostOf(entry)).changes(entry.id);
  }

  async statPath(name: string, path: string): Promise<ContainerPathStat> {
    const { host, entry } = await this.#filesOf(name);
    return inDockersWords(name, path, () => host.statPath(entry.id, path, viewOf(entry.stored)));
  }

  async copyOut(name: string, path: string) {
    const { host, entry } = await this.#filesOf(name);
    const view = viewOf(entry.stored);
    const stat = await inDockersWords(name, path, () => host.statPath(entry.id, path, view));
    const tar = await host.copyOut(entry.id, path, view);
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
    const { noOverwriteDirNonDir = false, copyUidGid = false } = options;
    const owner = copyUidGid ? await this.#ownerOf(entry, host) : undefined;
    const view = viewOf(entry.stored);
    const whole = await requireTar(tar);
    const how = { noOverwriteDirNonDir, ...(owner && { owner }) };
    await inDockersWords(name, path, () =>
      host.copyIn(entry.id, path, whole, how, view).catch((error: unknown) => {
        throw isReadOnly(error) ? readOnlyError(view, path, error) : error;
      }),
    );
    this.#options.event(entry, 'extract-to-dir');
  }

  /** Who it runs as, where that was said (moby, daemon/archive_tarcopyoptions_unix.go). */
  async #ownerOf(entry: ContainerEntry, host: ContainerHost) {
    const { User = '' } = entry.stored.config;
    if (User === '') return undefined;
    const { uid, gid } = resolveUser(User, await this.#options.users(entry, host), []).user;
    return { uid, gid };
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

/** The host's kernel knows, whatever links a path goes by. */
function isReadOnly(error: unknown): boolean {
  return error instanceof SandboxError && error.message.endsWith('Read-only file system');
}

/** In docker's words. */
function readOnlyError({ mounts }: ContainerView, path: string, cause: unknown): SandboxError {
  const place = `${cleanPath(path)}/`;
  const sealed = mounts.some(
    (mount) => mount.kind !== 'file' && mount.readOnly && place.startsWith(`${mount.target}/`),
  );
  const what = sealed ? 'mounted volume' : 'container rootfs';
  return new SandboxError('FailedPrecondition', `${what} is marked read-only`, { cause });
}
