import type { ContainerHost, ContainerHosts } from '../../api/container-host';
import type { RecordChange, RecordStore } from '../../api/records';
import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';

/** A container's root, by the container's id, or a volume, by its name. */
interface Left {
  readonly kind: 'root' | 'volume';
  readonly id: string;
  /** Name of the host whose disk has it. */
  readonly host: string;
}

/** Steps that note what is left of a container or a volume; call `keep` once they have been taken. */
export interface Discarded {
  readonly changes: readonly RecordChange[];
  readonly keep: () => void;
}

export const nothingLeft: Discarded = { changes: [], keep: () => undefined };

export interface LeftBehindOptions {
  readonly records: RecordStore;
  readonly hosts: ContainerHosts;
}

/**
 * Roots of containers and volumes that were removed while their host did not run. No host is started to take something away:
 * it goes when the host runs the next time, of which a record is kept until then.
 */
export class LeftBehind implements Disposable {
  readonly #options: LeftBehindOptions;
  /** Each until its record has gone, too; by the key of that. */
  readonly #left = new Map<string, Left>();
  readonly #removing = new Map<string, Promise<void>>();
  #listener: Disposable | undefined;

  constructor(options: LeftBehindOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { records, hosts } = this.#options;
    for (const { value } of await records.list('containers')) {
      const left = readNote(value);
      if (left) this.#left.set(keyOf(left), left);
    }
    this.#listener = hosts.changed((running) => this.#sweep(running));
    this.#sweep(hosts.hosts);
  }

  /** Takes it away, or tells what is to be noted of it. */
  async remove(kind: Left['kind'], id: string, name: string): Promise<Discarded> {
    const { hosts } = this.#options;
    const host = hosts.hosts.find((each) => each.name === name);
    const left: Left = { kind, id, host: name };
    if (host) await removeFrom(host, left);
    // With a host that is gone all has gone that was on its disk.
    if (host || !hosts.has(name)) return nothingLeft;
    const keep = (): void => {
      this.#left.set(keyOf(left), left);
      // The host may have begun to run since it was looked for.
      this.#sweep(hosts.hosts);
    };
    return { changes: [noteOf(left)], keep };
  }

  /** Resolves when a host has nothing left of an earlier volume of that name: a new one begins empty. */
  async clearVolume(id: string, host: ContainerHost): Promise<void> {
    const left = this.#left.get(keyOf({ kind: 'volume', id, host: host.name }));
    if (left) await this.#take(left, host);
  }

  /** Steps that note all of them again. */
  records(): readonly RecordChange[] {
    return [...this.#left.values()].map(noteOf);
  }

  dispose(): void {
    this.#listener?.dispose();
  }

  #sweep(running: readonly ContainerHost[]): void {
    const { hosts } = this.#options;
    for (const left of this.#left.values()) {
      const host = running.find((each) => each.name === left.host);
      if (this.#removing.has(keyOf(left)) || (!host && hosts.has(left.host))) continue;
      // What fails is noted still, and is tried again when the host comes back.
      this.#take(left, host).catch(() => undefined);
    }
  }

  /** Once at a time. */
  #take(left: Left, host: ContainerHost | undefined): Promise<void> {
    const key = keyOf(left);
    const removing = this.#removing.get(key) ?? this.#removeNoted(left, host).finally(() => this.#removing.delete(key));
    this.#removing.set(key, removing);
    return removing;
  }

  async #removeNoted(left: Left, host: ContainerHost | undefined): Promise<void> {
    const key = keyOf(left);
    if (host) await removeFrom(host, left);
    await this.#options.records.apply([{ collection: 'containers', key }]);
    this.#left.delete(key);
  }
}

async function removeFrom(host: ContainerHost, { kind, id }: Left): Promise<void> {
  const removed = kind === 'root' ? host.removeRoot(id) : host.removeVolume(id);
  await removed.catch((error: unknown) => {
    if (!(error instanceof SandboxError) || error.code !== 'NotFound') throw error;
  });
}

/** Hosts of several volumes of one name are told apart; no name has a slash. */
function keyOf({ kind, id, host }: Left): string {
  return kind === 'root' ? `left-${id}` : `left-volume-${host}/${id}`;
}

/** It lacks what the record of a container has, so that nobody takes it for one. */
function noteOf(left: Left): RecordChange {
  const { kind, id, host } = left;
  return { collection: 'containers', key: keyOf(left), value: { left: kind === 'root' ? true : kind, id, host } };
}

function readNote(value: unknown): Left | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { left, id, host } = value as Readonly<Record<string, unknown>>;
  if ((left !== true && left !== 'volume') || typeof id !== 'string' || typeof host !== 'string') return undefined;
  return { kind: left === true ? 'root' : left, id, host };
}
