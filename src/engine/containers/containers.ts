import type {
  ContainerCreateBody,
  ContainerInspect,
  ContainerResources,
  ContainerSummary,
  ContainerTop,
  RestartPolicy,
} from '../../api/container';
import type { EngineContainers } from '../../api/container-engine';
import type { Filters } from '../../api/container-event';
import type { ContainerChange, ContainerPathStat } from '../../api/container-host';
import type { ContainerKernel } from '../../api/container-kernel';
import type { ContainerStats } from '../../api/container-stats';
import type { AttachedStreams, AttachOptions, LogOptions, LogStream } from '../../api/container-streams';
import type { PruneReport } from '../../api/container-system';
import type { ImageSummary } from '../../api/image-summary';
import type { TerminalSize } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import type { Images } from '../images';
import { type CommitWish, commitContainer } from './commit-container';
import { ContainerArchive, type ContainerArchiveOptions } from './container-archive';
import { type ContainerEntry, requireRunning, requireStarted } from './container-book';
import { ContainerCreation, type ContainerCreationOptions } from './container-creation';
import { readContainerName } from './container-names';
import type { ContainerPorts } from './container-ports';
import { ContainerRemoval, type ContainerRemovalOptions } from './container-removal';
import type { Execs } from './execs';
import { type ListOptions, listContainers } from './list-containers';
import { logDetails } from './log-attributes';
import { ownBytes } from './own-bytes';
import { inspectContainer, type ShowOptions, summarizeContainer } from './show-container';
import { readStats } from './stats-stream';
import { topTable } from './top-table';
import { updateContainer } from './update-container';
import { type WaitCondition, waitForContainer } from './wait-for-container';

export interface ContainersOptions
  extends Omit<ContainerCreationOptions, 'images' | 'event'>,
    Omit<ContainerRemovalOptions, 'settled' | 'event'>,
    Pick<ContainerArchiveOptions, 'users'> {
  readonly execs: Execs;
  readonly ports: ContainerPorts;
  readonly images: () => Promise<Pick<Images, 'selectForContainer' | 'commit' | 'current'>>;
  readonly event: (entry: ContainerEntry, action: string, attributes?: Readonly<Record<string, string>>) => void;
}

/** What users do with containers; see {@link EngineContainers} for each. */
export class Containers implements EngineContainers {
  readonly #options: ContainersOptions;
  readonly #creation: ContainerCreation;
  readonly #removal: ContainerRemoval;
  readonly #archive: ContainerArchive;

  constructor(options: ContainersOptions) {
    this.#options = options;
    const settled = (name: string): Promise<ContainerEntry> => this.#settled(name);
    this.#creation = new ContainerCreation(options);
    this.#removal = new ContainerRemoval({ ...options, settled });
    this.#archive = new ContainerArchive({ ...options, settled });
  }

  create(body: ContainerCreateBody, options?: { readonly name?: string; readonly platform?: string }) {
    return this.#creation.create(body, options);
  }

  async list(options: ListOptions & { readonly size?: boolean } = {}): Promise<readonly ContainerSummary[]> {
    const found = listContainers(this.#options.book, options);
    const images = options.size && found.length > 0 ? this.#images() : undefined;
    return Promise.all(found.map(async (entry) => summarizeContainer(entry, await this.#show(entry, images))));
  }

  async inspect(name: string, { size }: { readonly size?: boolean } = {}): Promise<ContainerInspect> {
    const entry = this.#find(name);
    return inspectContainer(entry, await this.#show(entry, size ? this.#images() : undefined));
  }

  async inspectKernel(name: string): Promise<ContainerKernel> {
    const entry = await this.#settled(name);
    return requireRunning(entry).host.inspect(entry.id);
  }

  async start(name: string, operation?: Operation): Promise<boolean> {
    return this.#options.lifecycle.start(await this.#settled(name), operation);
  }

  async stop(name: string, options?: { readonly signal?: string; readonly seconds?: number }): Promise<boolean> {
    return this.#options.lifecycle.stop(await this.#settled(name), options);
  }

  async restart(name: string, options?: { readonly signal?: string; readonly seconds?: number }): Promise<void> {
    return this.#options.lifecycle.restart(await this.#settled(name), options);
  }

  async kill(name: string, signal?: string): Promise<void> {
    return this.#options.lifecycle.kill(await this.#settled(name), signal || undefined);
  }

  async pause(name: string): Promise<void> {
    return this.#options.lifecycle.pause(await this.#settled(name));
  }

  async unpause(name: string): Promise<void> {
    return this.#options.lifecycle.unpause(await this.#settled(name));
  }

  async rename(name: string, newName: string): Promise<void> {
    const { book, event } = this.#options;
    const entry = this.#find(name);
    if (newName === '') throw new SandboxError('InvalidArgument', 'New name cannot be empty');
    const clean = readContainerName(newName);
    const oldName = entry.stored.name;
    if (clean === oldName) {
      throw new SandboxError('InvalidArgument', 'Renaming a container with the same name as its current name');
    }
    const claim = book.claim(clean, entry.id);
    try {
      await book.update(entry, { name: clean });
    } finally {
      claim.dispose();
    }
    event(entry, 'rename', { oldName: `/${oldName}` });
  }

  async update(name: string, wish: ContainerResources & { readonly RestartPolicy?: RestartPolicy }) {
    return updateContainer(await this.#settled(name), wish, this.#options);
  }

  async wait(name: string, condition: WaitCondition = 'not-running', signal?: AbortSignal) {
    const entry = await this.#settled(name);
    // One that is being started has to begin before it can end.
    if (condition === 'not-running') await entry.work;
    return { ended: waitForContainer(this.#options.book, entry, condition, signal) };
  }

  remove(name: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void> {
    return this.#removal.remove(name, options);
  }

  /** Ends it where it runs, and takes away all that it had. */
  removeEntry(entry: ContainerEntry, withVolumes: boolean): Promise<void> {
    return this.#removal.takeAway(entry, withVolumes);
  }

  prune(filters?: Filters): Promise<PruneReport> {
    return this.#removal.prune(filters);
  }

  async attach(name: string, options: AttachOptions): Promise<AttachedStreams> {
    const { event } = this.#options;
    const entry = await this.#settled(name);
    if (entry.stored.state.status === 'paused') {
      throw new SandboxError(
        'FailedPrecondition',
        `container ${entry.id} is paused, unpause the container before attach`,
      );
    }
    // Before its first start, too: clients attach and then start.
    const { status } = entry.stored.state;
    const live = status === 'running' || status === 'created' || status === 'exited';
    const { stdout = false, stderr = false } = options;
    const before = options.logs ? entry.log.read({ stdout, stderr }) : undefined;
    const streams = entry.hub.attach(options, live, before);
    event(entry, 'attach');
    return { ...streams, detached: () => event(entry, 'detach') };
  }

  async resize(name: string, size: TerminalSize): Promise<void> {
    const entry = await this.#settled(name);
    requireRunning(entry).process.resize(size);
    this.#options.event(entry, 'resize', { height: String(size.rows), width: String(size.columns) });
  }

  async logs(name: string, options: LogOptions): Promise<LogStream> {
    const entry = this.#find(name);
    if (!options.stdout && !options.stderr) {
      throw new SandboxError('InvalidArgument', 'Bad parameters: you must choose at least one stream');
    }
    const { host, config } = entry.stored;
    const before = options.details ? logDetails(entry.stored) : '';
    if (host.LogConfig?.Type === 'none') {
      throw new SandboxError('Unimplemented', 'configured logging driver does not support reading');
    }
    return { tty: config.Tty ?? false, output: entry.log.read(options, before) };
  }

  async top(name: string, args = '-ef'): Promise<ContainerTop> {
    const entry = await this.#settled(name);
    const { host } = requireStarted(entry);
    const table = topTable(await host.processes(entry.id), args, this.#options.clock.now());
    this.#options.event(entry, 'top');
    return table;
  }

  async stats(
    name: string,
    options: { readonly stream?: boolean; readonly oneShot?: boolean } = {},
  ): Promise<ReadableStream<ContainerStats>> {
    const entry = await this.#settled(name);
    return readStats(entry, this.#options.clock, options);
  }

  changes(name: string): Promise<readonly ContainerChange[]> {
    return this.#archive.changes(name);
  }

  statPath(name: string, path: string): Promise<ContainerPathStat> {
    return this.#archive.statPath(name, path);
  }

  copyOut(name: string, path: string) {
    return this.#archive.copyOut(name, path);
  }

  copyIn(
    name: string,
    path: string,
    tar: ReadableStream<Uint8Array>,
    options?: { readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean },
  ): Promise<void> {
    return this.#archive.copyIn(name, path, tar, options);
  }

  export(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return this.#archive.export(name);
  }

  async commit(name: string, options: CommitWish = {}, operation?: Operation) {
    const entry = await this.#settled(name);
    return commitContainer(entry, await this.#archive.hostOf(entry), options, this.#options, operation);
  }

  /** As `inspect` and `list` show it. */
  summary(entry: ContainerEntry): ContainerSummary {
    return summarizeContainer(entry, this.#facts(entry));
  }

  async #settled(name: string): Promise<ContainerEntry> {
    return this.#options.lifecycle.settled(this.#find(name));
  }

  #find(name: string): ContainerEntry {
    return this.#options.book.find(name);
  }

  #facts(entry: ContainerEntry): ShowOptions {
    const { networks, ports, execs, clock } = this.#options;
    return { networks, ports: ports.of(entry.id), execs: execs.idsOf(entry), now: clock.now() };
  }

  /** With its sizes where the images that there are are given. */
  async #show(entry: ContainerEntry, images?: Promise<readonly ImageSummary[]>): Promise<ShowOptions> {
    if (!images) return this.#facts(entry);
    const [own, known] = await Promise.all([ownBytes(entry, this.#options.hosts), images]);
    // As the list of images has it; 0 of one that is there no more.
    const image = known.find(({ id }) => id === entry.stored.image.digest)?.size.total ?? 0;
    return { ...this.#facts(entry), size: { own, all: own + image } };
  }

  async #images(): Promise<readonly ImageSummary[]> {
    return (await this.#options.images()).current();
  }
}
