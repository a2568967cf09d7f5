import type { ContainerHealth } from '../../api/container';
import type { ContainerHost, ContainerId } from '../../api/container-host';
import type { Process } from '../../api/instance';
import type { RecordChange, RecordStore } from '../../api/records';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';
import { ContainerLog } from './container-log';
import { nameConflict } from './container-names';
import {
  listContainerRecords,
  putContainerRecord,
  removeContainerRecord,
  type StoredContainer,
  type StoredState,
} from './container-records';
import { findNamed } from './find-named';
import type { HealthMonitor } from './health-monitor';
import { LineSplitter } from './line-splitter';
import { logLimit } from './log-limit';
import type { LogStore, StoredLog } from './log-store';
import { StreamHub } from './stream-hub';

/** What a container is while its process runs. */
export interface ContainerRun {
  readonly host: ContainerHost;
  readonly process: Process;
  /** By the monotonic clock. */
  readonly since: number;
  readonly monitor?: HealthMonitor;
  /** Fulfilled when all that follows from its end has been done. */
  readonly over: Promise<void>;
}

/** A container with what is known of it now. */
export interface ContainerEntry {
  readonly id: ContainerId;
  stored: StoredContainer;
  readonly log: ContainerLog;
  readonly hub: StreamHub;
  run?: ContainerRun;
  health?: ContainerHealth;
  /** Set while it waits for its next start, and how long it waits. */
  restart?: Disposable;
  pauseMs: number;
  /** Somebody is about to end it: its end is not for its policy to act on. */
  removing: boolean;
  /** It is on its way to a run. */
  starting: boolean;
  /** It is stopped to begin again at once: what goes with its end stays. */
  restarting: boolean;
  /** What changes whether it runs, one after the other. */
  work: Promise<unknown>;
  /** Of its host: the kernel has ended a process of it for want of memory. */
  oom: boolean;
}

/** Whether it runs, or is about to; after a reload, as long as it is not known whether it has ended. */
export function isUp({ run, starting, stored: { state } }: ContainerEntry): boolean {
  return run !== undefined || starting || state.status === 'running' || state.status === 'paused';
}

/** `FailedPrecondition` in docker's words. */
export function requireRunning(entry: ContainerEntry): ContainerRun {
  const { run, id } = entry;
  if (run) return run;
  throw new SandboxError('FailedPrecondition', `container ${id} is not running`);
}

/** As {@link requireRunning}; of one that waits for its next start it says so. */
export function requireStarted(entry: ContainerEntry): ContainerRun {
  if (entry.stored.state.status !== 'restarting') return requireRunning(entry);
  const message = `Container ${entry.id} is restarting, wait until the container is running`;
  throw new SandboxError('FailedPrecondition', message);
}

/** What has happened to a container. */
export interface ContainerChangeNews {
  readonly entry: ContainerEntry;
  readonly kind: 'created' | 'started' | 'exited' | 'removed' | 'changed';
}

export interface ContainerBookOptions {
  readonly records: RecordStore;
  readonly logs: LogStore;
  readonly clock: Clock;
}

/** The containers that there are, and their records: what is changed here is on the disk before it is acknowledged. */
export class ContainerBook implements Disposable {
  readonly #options: ContainerBookOptions;
  readonly #entries = new Map<ContainerId, ContainerEntry>();
  readonly #unread = new Set<string>();
  /** Names of containers that are being made. */
  readonly #promised = new Set<string>();
  readonly #news = new Emitter<ContainerChangeNews>();

  constructor(options: ContainerBookOptions) {
    this.#options = options;
  }

  get news(): Event<ContainerChangeNews> {
    return this.#news.event;
  }

  async open(): Promise<void> {
    const { records, logs } = this.#options;
    const [containers, stored, keys] = await Promise.all([
      listContainerRecords(records, 'containers'),
      listContainerRecords(records, 'containerLogs'),
      records.list('containers'),
    ]);
    const byContainer = new Map(stored.map((log) => [log.container, log]));
    for (const each of [...containers].sort((a, b) => a.createdAt - b.createdAt)) {
      this.#add(each, byContainer.get(each.id));
    }
    for (const { key } of keys) if (!this.#entries.has(key)) this.#unread.add(key);
    await logs.sweep(stored.filter(({ container }) => this.#entries.has(container))).catch(() => undefined);
  }

  /** Whether there is a container of which nothing more is known: its record is of another version. */
  hasUnread(id: ContainerId): boolean {
    return this.#unread.has(id);
  }

  /** In the order of their creation. */
  entries(): readonly ContainerEntry[] {
    return [...this.#entries.values()];
  }

  /** `NotFound` and `InvalidArgument` in docker's words. */
  find(reference: string): ContainerEntry {
    const found = findNamed(
      this.entries().map((entry) => ({ id: entry.id, name: entry.stored.name, entry })),
      reference,
    );
    if (found) return found.entry;
    throw new SandboxError('NotFound', `No such container: ${reference}`);
  }

  isTaken(name: string): boolean {
    return this.#promised.has(name) || this.#holder(name) !== undefined;
  }

  /** Keeps a name from others until this is disposed of. `AlreadyExists` in docker's words. */
  claim(name: string, id: ContainerId): Disposable {
    const holder = this.#holder(name)?.id;
    if (holder !== undefined || this.#promised.has(name)) throw nameConflict(name, holder ?? id);
    this.#promised.add(name);
    return { dispose: () => void this.#promised.delete(name) };
  }

  async add(stored: StoredContainer, further: readonly RecordChange[]): Promise<ContainerEntry> {
    await this.#options.records.apply([putContainerRecord('containers', stored.id, stored), ...further]);
    const entry = this.#add(stored);
    this.#news.fire({ entry, kind: 'created' });
    return entry;
  }

  /** Writes what has changed and then shows it. */
  async update(
    entry: ContainerEntry,
    change: Partial<Omit<StoredContainer, 'id'>>,
    kind: ContainerChangeNews['kind'] = 'changed',
  ): Promise<void> {
    const stored = { ...entry.stored, ...change };
    entry.stored = stored;
    // What has been removed meanwhile does not come back by its record.
    if (this.#entries.get(entry.id) !== entry) return;
    await this.#options.records.apply([putContainerRecord('containers', entry.id, stored)]);
    this.#news.fire({ entry, kind });
  }

  setState(
    entry: ContainerEntry,
    state: Partial<StoredState>,
    kind: ContainerChangeNews['kind'] = 'changed',
  ): Promise<void> {
    return this.update(entry, { state: { ...entry.stored.state, ...state } }, kind);
  }

  /** A step that writes a container as it is to be. */
  change(stored: StoredContainer): RecordChange {
    return putContainerRecord('containers', stored.id, stored);
  }

  async remove(entry: ContainerEntry, further: readonly RecordChange[]): Promise<void> {
    await this.#options.records.apply([removeContainerRecord('containers', entry.id), ...further]);
    this.#entries.delete(entry.id);
    await entry.log.remove();
    this.#news.fire({ entry, kind: 'removed' });
  }

  touch(entry: ContainerEntry): void {
    this.#news.fire({ entry, kind: 'changed' });
  }

  /** Steps that write all of them again. */
  records(): readonly RecordChange[] {
    return this.entries().map(({ stored }) => this.change(stored));
  }

  dispose(): void {
    for (const entry of this.#entries.values()) {
      entry.restart?.dispose();
      entry.run?.monitor?.dispose();
      entry.log.dispose();
    }
    this.#news.dispose();
  }

  #holder(name: string): ContainerEntry | undefined {
    return this.entries().find(({ stored }) => stored.name === name);
  }

  #add(stored: StoredContainer, storedLog?: StoredLog): ContainerEntry {
    const { logs, clock } = this.#options;
    const { config, host, id } = stored;
    const log = new ContainerLog({
      container: id,
      store: logs,
      clock,
      limitBytes: logLimit(host.LogConfig),
      ...(storedLog && { stored: storedLog }),
    });
    const entry: ContainerEntry = {
      id,
      stored,
      log,
      hub: new StreamHub({
        tty: config.Tty ?? false,
        openStdin: config.OpenStdin ?? false,
        stdinOnce: config.StdinOnce ?? false,
        record: host.LogConfig?.Type === 'none' ? () => undefined : recorderOf(log),
      }),
      pauseMs: 0,
      removing: false,
      starting: false,
      restarting: false,
      work: Promise.resolve(),
      oom: false,
    };
    this.#entries.set(id, entry);
    return entry;
  }
}

/** Cuts what comes into lines. What has no end yet is written with the next that has, or when the streams end. */
function recorderOf(log: ContainerLog): ConstructorParameters<typeof StreamHub>[0]['record'] {
  const splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  return (stream, bytes) => {
    const splitter = splitters[stream];
    return log.append(stream, bytes.length === 0 ? splitter.end() : splitter.push(bytes));
  };
}
