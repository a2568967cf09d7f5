import type {
  ContainerCreateBody,
  ContainerInspect,
  ContainerResources,
  ContainerSummary,
  ContainerTop,
  ContainerWait,
  RestartPolicy,
} from '../../api/container';
import type { EngineContainers } from '../../api/container-engine';
import type { Filters } from '../../api/container-event';
import type { ContainerChange, ContainerHost, ContainerHosts, ContainerPathStat } from '../../api/container-host';
import type { ContainerStats } from '../../api/container-stats';
import type { AttachedStreams, AttachOptions, LogOptions, LogStream } from '../../api/container-streams';
import type { PruneReport } from '../../api/container-system';
import type { TerminalSize } from '../../api/instance';
import type { Operation } from '../../api/operation';
import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Images } from '../images';
import { committedConfig, overConfig } from './commit-config';
import type { ContainerBook, ContainerEntry } from './container-book';
import { randomContainerName, readContainerName } from './container-names';
import type { ContainerNetworks } from './container-networks';
import { cgroupLimits, checkResources } from './container-resources';
import type { ContainerVolumes } from './container-volumes';
import { createdContainer } from './create-container';
import type { Execs } from './execs';
import { type Lifecycle, requireRunning } from './lifecycle';
import { type ListOptions, listContainers } from './list-containers';
import { checkFilters, labelsMatch } from './match-filters';
import type { PortBook } from './port-book';
import { readRestartPolicy } from './restart-policy';
import { inspectContainer, type ShowOptions, summarizeContainer } from './show-container';
import { readStats } from './stats-stream';
import { topTable } from './top-table';

export interface ContainersOptions {
  readonly book: ContainerBook;
  readonly lifecycle: Lifecycle;
  readonly execs: Execs;
  readonly networks: ContainerNetworks;
  readonly volumes: ContainerVolumes;
  readonly ports: PortBook;
  readonly hosts: ContainerHosts;
  readonly images: () => Promise<Pick<Images, 'select' | 'commit'>>;
  /** Settles when the store knows whose images are needed. */
  readonly holdImages: () => Promise<void>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly event: (entry: ContainerEntry, action: string, attributes?: Readonly<Record<string, string>>) => void;
}

/** What users do with containers; see {@link EngineContainers} for each. */
export class Containers implements EngineContainers {
  readonly #options: ContainersOptions;

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  async create(
    body: ContainerCreateBody,
    { name: wished, platform }: { readonly name?: string; readonly platform?: string } = {},
  ): Promise<{ readonly Id: string; readonly Warnings: readonly string[] }> {
    const { book, networks, volumes, clock, randomBytes, images, event, holdImages } = this.#options;
    const id = toHex(randomBytes(32));
    const name = wished ? readContainerName(wished) : randomContainerName((each) => book.isTaken(each), randomBytes);
    const claim = book.claim(name, id);
    try {
      if (!body.Image) throw new SandboxError('InvalidArgument', 'no image specified');
      const image = await (await images()).select(body.Image, platform ? parsePlatform(platform) : undefined);
      const stored = createdContainer(body, {
        id,
        name,
        now: clock.now(),
        image,
        inherited: this.#inherited(body.HostConfig?.VolumesFrom ?? []),
        newVolumeName: () => volumes.newName(),
        networkName: (reference) => networks.find(reference).name,
      });
      const wanted = stored.mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount] : []));
      const planned = volumes.plan(
        wanted.map(({ volume }) => volume),
        (volume) => wanted.some((mount) => mount.volume === volume && mount.anonymous),
      );
      const reserved = networks.reserve(id, stored.endpoints);
      let entry: ContainerEntry;
      try {
        entry = await book.add(stored, [...reserved.changes, ...planned.changes]);
      } catch (error) {
        reserved.release();
        throw error;
      }
      planned.keep();
      await holdImages();
      event(entry, 'create');
      return { Id: id, Warnings: warningsOf(body) };
    } finally {
      claim.dispose();
    }
  }

  async list(options: ListOptions & { readonly size?: boolean } = {}): Promise<readonly ContainerSummary[]> {
    const found = listContainers(this.#options.book, options);
    return Promise.all(found.map(async (entry) => summarizeContainer(entry, await this.#show(entry, options.size))));
  }

  async inspect(name: string, { size }: { readonly size?: boolean } = {}): Promise<ContainerInspect> {
    const entry = this.#find(name);
    return inspectContainer(entry, await this.#show(entry, size));
  }

  async inspectKernel(name: string): Promise<Readonly<Record<string, unknown>>> {
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

  async update(
    name: string,
    { RestartPolicy, ...resources }: ContainerResources & { readonly RestartPolicy?: RestartPolicy },
  ): Promise<{ readonly Warnings: readonly string[] }> {
    const { book, event } = this.#options;
    const entry = await this.#settled(name);
    const { host } = entry.stored;
    const given = Object.fromEntries(Object.entries(resources).filter(([, value]) => Boolean(value)));
    const changed = { ...host, ...given };
    if (given['Memory'] && !given['MemorySwap'] && host.MemorySwap && host.MemorySwap < Number(given['Memory'])) {
      throw new SandboxError(
        'FailedPrecondition',
        'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
      );
    }
    checkResources(changed);
    const policy = RestartPolicy?.Name
      ? readRestartPolicy(RestartPolicy, host.AutoRemove ?? false)
      : host.RestartPolicy;
    if (Object.keys(given).length > 0) await entry.run?.host.update(entry.id, cgroupLimits(changed));
    await book.update(entry, { host: { ...changed, RestartPolicy: policy } });
    event(entry, 'update');
    return { Warnings: [] };
  }

  async wait(
    name: string,
    condition: 'not-running' | 'next-exit' | 'removed' = 'not-running',
    signal?: AbortSignal,
  ): Promise<{ readonly ended: Promise<ContainerWait> }> {
    const { book } = this.#options;
    const entry = await this.#settled(name);
    const runs = entry.run !== undefined || entry.restart !== undefined || entry.stored.state.status === 'running';
    if (condition === 'not-running' && !runs) return { ended: Promise.resolve(waitOf(entry)) };
    const ended = new Promise<ContainerWait>((resolve, reject) => {
      const stop = (): void => {
        listener.dispose();
        signal?.removeEventListener('abort', canceled);
      };
      const canceled = (): void => {
        stop();
        reject(new SandboxError('Canceled', 'Canceled'));
      };
      const listener = book.news((news) => {
        if (news.entry !== entry) return;
        const over =
          news.kind === 'removed' ||
          (condition === 'next-exit' && news.kind === 'exited') ||
          (condition === 'not-running' && news.kind === 'exited' && entry.stored.state.status === 'exited');
        if (!over) return;
        stop();
        resolve(waitOf(entry));
      });
      signal?.addEventListener('abort', canceled, { once: true });
    });
    // Who does not ask any more must not be told that nobody listens.
    ended.catch(() => undefined);
    return { ended };
  }

  async remove(
    name: string,
    { force = false, volumes = false }: { readonly force?: boolean; readonly volumes?: boolean } = {},
  ): Promise<void> {
    const entry = await this.#settled(name);
    const { status } = entry.stored.state;
    if (!force && (entry.run || entry.restart)) {
      const what = status === 'paused' ? 'paused' : status === 'restarting' ? 'restarting' : 'running';
      const how = what === 'paused' ? 'unpause and then stop' : 'stop';
      const message = `cannot remove container "/${entry.stored.name}": container is ${what}: ${how} the container before removing or force remove`;
      throw new SandboxError('FailedPrecondition', message);
    }
    if (entry.removing && !force) {
      throw new SandboxError('FailedPrecondition', `removal of container ${name} is already in progress`);
    }
    await this.removeEntry(entry, volumes);
  }

  /** Ends it where it runs, and takes away all that it had. */
  async removeEntry(entry: ContainerEntry, withVolumes: boolean): Promise<void> {
    const { book, lifecycle, networks, volumes, hosts, holdImages, event } = this.#options;
    await lifecycle.end(entry);
    await lifecycle.queue(entry, async () => {
      if (!book.entries().includes(entry)) return;
      const { placed, mounts } = entry.stored;
      if (placed !== undefined) {
        const host = await hosts.open(placed).catch(ignoreNotFound);
        await host?.removeRoot(entry.id).catch(ignoreNotFound);
      }
      const addresses = networks.removal(entry.id);
      await book.remove(entry, addresses.changes);
      addresses.forget();
      event(entry, 'destroy');
      await holdImages();
      if (!withVolumes) return;
      for (const mount of mounts) {
        if (mount.kind !== 'volume' || !mount.anonymous || volumes.usersOf(mount.volume).length > 0) continue;
        await volumes.remove(mount.volume, true);
      }
    });
  }

  async prune(filters: Filters = {}): Promise<PruneReport> {
    checkFilters(filters, ['label', 'label!', 'until']);
    const until = filters['until']?.[0];
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const entry of this.#options.book.entries()) {
      const { stored } = entry;
      if (entry.run || entry.restart || !labelsMatch(filters['label'], stored.config.Labels ?? {})) continue;
      if (until !== undefined && stored.createdAt > Number(until) * 1000) continue;
      reclaimed += await this.#ownBytes(entry);
      await this.removeEntry(entry, false);
      deleted.push(entry.id);
    }
    return { deleted, reclaimed };
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
    return streams;
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
    if (host.LogConfig?.Type === 'none') {
      throw new SandboxError('Unimplemented', 'configured logging driver does not support reading');
    }
    return { tty: config.Tty ?? false, output: entry.log.read(options) };
  }

  async top(name: string, args = '-ef'): Promise<ContainerTop> {
    const entry = await this.#settled(name);
    const { host } = requireRunning(entry);
    return topTable(await host.processes(entry.id), args, this.#options.clock.now());
  }

  async stats(
    name: string,
    options: { readonly stream?: boolean; readonly oneShot?: boolean } = {},
  ): Promise<ReadableStream<ContainerStats>> {
    const entry = await this.#settled(name);
    return readStats(entry, this.#options.clock, options);
  }

  async changes(name: string): Promise<readonly ContainerChange[]> {
    const { host, entry } = await this.#files(name);
    return host.changes(entry.id);
  }

  async statPath(name: string, path: string): Promise<ContainerPathStat> {
    const { host, entry } = await this.#files(name);
    return this.#path(name, path, () => host.statPath(entry.id, path));
  }

  async copyOut(name: string, path: string) {
    const { host, entry } = await this.#files(name);
    const stat = await this.#path(name, path, () => host.statPath(entry.id, path));
    return { stat, tar: await host.copyOut(entry.id, path) };
  }

  async copyIn(
    name: string,
    path: string,
    tar: ReadableStream<Uint8Array>,
    options: { readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean } = {},
  ): Promise<void> {
    const { host, entry } = await this.#files(name);
    if (entry.stored.host.ReadonlyRootfs) {
      throw new SandboxError('FailedPrecondition', 'container rootfs is marked read-only');
    }
    const { noOverwriteDirNonDir = false, copyUidGid = false } = options;
    await this.#path(name, path, () => host.copyIn(entry.id, path, tar, { noOverwriteDirNonDir, copyUidGid }));
  }

  async export(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { host, entry } = await this.#files(name);
    const tar = await host.copyOut(entry.id, '/');
    this.#options.event(entry, 'export');
    return tar;
  }

  async commit(
    name: string,
    options: NonNullable<Parameters<EngineContainers['commit']>[1]> = {},
    operation?: Operation,
  ): Promise<{ readonly Id: `sha256:${string}` }> {
    const { images, lifecycle, event } = this.#options;
    const { host, entry } = await this.#files(name);
    const { image, config, state } = entry.stored;
    const { reference, message, author, pause = true, changes = [] } = options;
    const run = committedConfig(overConfig(config, options.config), changes);
    const pauses = pause && state.status === 'running';
    if (pauses) await lifecycle.pause(entry);
    try {
      const loaded = await (await images()).commit(
        image.digest,
        await host.changesLayer(entry.id),
        {
          run,
          createdBy: (config.Cmd ?? []).join(' '),
          ...(reference !== undefined && { reference }),
          ...(message !== undefined && { message }),
          ...(author !== undefined && { author }),
        },
        operation,
      );
      event(entry, 'commit', { comment: message ?? '', imageID: loaded.id, imageRef: reference ?? '' });
      return { Id: loaded.id };
    } finally {
      if (pauses) await lifecycle.unpause(entry).catch(ignoreOver);
    }
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

  async #show(entry: ContainerEntry, size = false): Promise<ShowOptions> {
    if (!size) return this.#facts(entry);
    const own = await this.#ownBytes(entry);
    return { ...this.#facts(entry), size: { own, all: own } };
  }

  /** Bytes that it has written; 0 where its host does not run now. */
  async #ownBytes(entry: ContainerEntry): Promise<number> {
    const { placed } = entry.stored;
    const host = this.#options.hosts.hosts.find((each) => each.name === placed);
    if (!host) return 0;
    return host.rootBytes(entry.id).catch(() => 0);
  }

  /** Where the files of a container are, whether it runs or not. */
  async #files(name: string): Promise<{ readonly host: ContainerHost; readonly entry: ContainerEntry }> {
    const entry = await this.#settled(name);
    const { hosts, lifecycle } = this.#options;
    if (entry.run) return { entry, host: entry.run.host };
    const host = await lifecycle.queue(entry, () => lifecycle.place(entry));
    return { entry, host: hosts.hosts.find((each) => each.name === host.name) ?? host };
  }

  /** Docker's words for a path that there is not. */
  async #path<T>(name: string, path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SandboxError) || error.code !== 'NotFound') throw error;
      throw new SandboxError('NotFound', `Could not find the file ${path} in container ${name}`, { cause: error });
    }
  }

  #inherited(references: readonly string[]) {
    return references.flatMap((text) => {
      const [reference = '', mode = 'rw'] = text.split(':');
      return this.#find(reference).stored.mounts.map((mount) => {
        if (mount.kind === 'tmpfs') return mount;
        const readOnly = mount.readOnly || mode.includes('ro');
        return mount.kind === 'volume' ? { ...mount, readOnly, anonymous: false } : { ...mount, readOnly };
      });
    });
  }
}

function waitOf({ stored: { state } }: ContainerEntry): ContainerWait {
  return { StatusCode: state.exitCode, ...(state.error !== '' && { Error: { Message: state.error } }) };
}

/** `linux/386`, `linux/arm/v7`. */
function parsePlatform(text: string) {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/** What is understood and has no effect here. */
function warningsOf({ HostConfig = {} }: ContainerCreateBody): readonly string[] {
  return [
    ...(HostConfig.OomKillDisable ? ['Your kernel does not support OomKillDisable. OomKillDisable discarded.'] : []),
    ...((HostConfig.MemorySwappiness ?? -1) >= 0
      ? [
          'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
        ]
      : []),
    ...(HostConfig.Links?.length
      ? ['Links are not supported: containers of one network find each other by name.']
      : []),
  ];
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof SandboxError && error.code === 'NotFound') return undefined;
  throw error;
}

/** It may have ended while it was paused. */
function ignoreOver(error: unknown): void {
  if (!(error instanceof SandboxError) || error.code !== 'FailedPrecondition') throw error;
}
