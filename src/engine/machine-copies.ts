import type { DiskGeneration, DiskId, DiskStore } from '../api/disk';
import type { InstanceSpec } from '../api/instance';
import type { Operation } from '../api/operation';
import type { SnapshotId, SnapshotRecord } from '../api/snapshot';
import { SandboxError } from '../base/errors';
import { isLive } from '../runtime/instance-state';
import type { Fleet } from './fleet';
import { defaultName } from './instance-names';
import type { Entry } from './instance-record';
import { makeDisks, ownDisks, removeDisks } from './make-disks';
import { sharesOf } from './shares-of';
import type { Lineage, Snapshots, SnapshotWish } from './snapshots';

export interface MachineCopiesOptions {
  readonly fleet: Fleet;
  readonly snapshots: Snapshots;
  readonly disks: DiskStore;
}

/** Snapshots taken and brought back, and machines made from them: memory and disks always together. */
export class MachineCopies {
  readonly #fleet: Fleet;
  readonly #snapshots: Snapshots;
  readonly #disks: DiskStore;

  constructor({ fleet, snapshots, disks }: MachineCopiesOptions) {
    this.#fleet = fleet;
    this.#snapshots = snapshots;
    this.#disks = disks;
  }

  /** A snapshot of a machine that runs or is paused. From now on the machine descends from it. */
  async snapshot(entry: Entry, wish: SnapshotWish, operation: Operation): Promise<SnapshotRecord> {
    const record = await this.#snapshots.take(entry.instance, entry.stored, entry.lineage, wish, operation);
    if (record.automatic) return record;
    entry.lineage = lineageOf(record);
    await this.#fleet.update(entry, { snapshot: record.id });
    return record;
  }

  /** Puts a machine back to a snapshot: its disks first, which cannot be done while it runs. */
  async restore(entry: Entry, id: SnapshotId, operation: Operation, continued = false): Promise<void> {
    const record = this.#snapshots.get(id);
    assertSameShape(entry.stored.spec, record);
    assertSameIdentity(entry, record);
    await this.#snapshots.assertDisks(record);
    operation.onProgress?.({ phase: 'Reading the snapshot' });
    const saved = await this.#snapshots.read(id, continued);
    if (isLive(entry.instance.state.phase)) await entry.instance.kill();
    this.#fleet.check(entry.stored.spec);
    await this.#bringBack(entry, record);
    if (!record.automatic) await this.#fleet.update(entry, { snapshot: id });
    await entry.instance.restore(saved, operation);
    entry.lineage = lineageOf(record);
  }

  /**
   * New machines from a snapshot: the same memory, copy-on-write disks, and an identity of their own before
   * their ports go up. Nobody can tell a guest without our agent that it is another now: such a clone starts from
   * its disks, as a machine does whose power was cut at that instant.
   */
  async clone(id: SnapshotId, names: readonly (string | undefined)[], operation: Operation): Promise<void> {
    const record = this.#snapshots.get(id);
    await this.#snapshots.assertDisks(record);
    const started: Promise<void>[] = [];
    for (const wished of names) {
      const { nics = [], ...spec } = record.spec;
      // A fixed address is the original's.
      const fresh = nics.map(({ network }) => ({ network }));
      const name = wished ?? this.#cloneName(record.spec.name);
      const entry = await this.#fleet.create({ ...spec, name, nics: fresh }, () => this.#fork(record.disks));
      started.push(this.#startClone(entry, record, operation));
    }
    const failed = (await Promise.allSettled(started)).find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #startClone(entry: Entry, record: SnapshotRecord, operation: Operation): Promise<void> {
    if (record.spec.firmware) {
      await entry.instance.start(operation);
      return;
    }
    const saved = await this.#snapshots.read(record.id, false);
    await entry.instance.restore(saved, operation);
    entry.lineage = lineageOf(record);
    await this.#fleet.update(entry, { snapshot: record.id });
  }

  #cloneName(original: string): string {
    const taken = new Set(this.#fleet.entries().map(({ stored }) => stored.spec.name));
    const stem = original.replace(/-\d+$/, '');
    return defaultName(stem === '' ? 'vm' : stem, taken);
  }

  /** Its disks go back to their generations; for those that it has not (any more) it gets copies. */
  async #bringBack(entry: Entry, { disks: generations, spec }: SnapshotRecord): Promise<void> {
    const own = entry.stored.disks;
    if (generations.every(({ disk }, index) => disk === own[index])) {
      for (const generation of generations) await this.#disks.revert(generation);
      return;
    }
    const before = ownDisks(entry.stored);
    await this.#fleet.setDisks(entry, await this.#fork(generations), spec.disks ?? []);
    await removeDisks(this.#disks, before);
  }

  #fork(generations: readonly DiskGeneration[]): Promise<readonly DiskId[]> {
    const makers = generations.map((generation) => () => this.#disks.fork(generation));
    return makeDisks(this.#disks, makers);
  }
}

/** What a machine descends from that was brought back from a snapshot. */
function lineageOf({ automatic, id, parent, layers, base }: SnapshotRecord): Lineage {
  const shared = base !== undefined && { base };
  if (!automatic) return { snapshot: id, layers, ...shared };
  // A snapshot of the page's own is soon replaced, and nobody's parent: the next one descends from what it did.
  return { ...(parent !== undefined && { snapshot: parent }), layers: layers.slice(0, -1), ...shared };
}

/** A guest without our agent goes on as whom it was, its MAC included, which two machines must not have. */
function assertSameIdentity({ instance }: Entry, { name, spec, instance: saved }: SnapshotRecord): void {
  if (!spec.firmware || saved === instance.id) return;
  throw new SandboxError(
    'FailedPrecondition',
    `The snapshot "${name}" is of another machine, and its guest cannot be told that it is this one: clone it instead`,
  );
}

function assertSameShape(spec: InstanceSpec, { name, spec: saved }: SnapshotRecord): void {
  if (spec.kind !== saved.kind) {
    throw new SandboxError('FailedPrecondition', `The snapshot "${name}" is of a ${saved.kind}, not of a ${spec.kind}`);
  }
  const differs = (['memoryMiB', 'devices', 'containerHost'] as const).find((field) => spec[field] !== saved[field]);
  const counts =
    (spec.nics?.length ?? 0) !== (saved.nics?.length ?? 0) || (spec.disks?.length ?? 0) !== (saved.disks?.length ?? 0);
  // Its guest has files open in them.
  const shares = JSON.stringify(sharesOf(spec)) !== JSON.stringify(sharesOf(saved));
  if (differs === undefined && !counts && !shares) return;
  const what =
    differs === undefined ? 'other NICs, disks or shares' : `${differs} ${saved[differs]}, not ${spec[differs]}`;
  throw new SandboxError(
    'FailedPrecondition',
    `The snapshot "${name}" is of a machine with ${what}: clone it instead of restoring it here`,
  );
}
