import type { Digest } from '../api/content-store';
import type { DiskGeneration, DiskStore } from '../api/disk';
import type { Checkpoint, Instance, InstanceId, VmSpec } from '../api/instance';
import type { SavedMachine } from '../api/machine';
import type { Operation } from '../api/operation';
import type { RecordChange, RecordStore } from '../api/records';
import type { SnapshotId, SnapshotRecord } from '../api/snapshot';
import type { Clock } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import { type Disposable, toDisposable } from '../base/lifecycle';
import { type BlobClient, stateLabel } from './blob-client';
import { put, remove, type StoredInstance } from './lab-records';

/** What a machine's present state descends from: the parent of its next snapshot. */
export interface Lineage {
  readonly snapshot?: SnapshotId;
  /** Oldest first; empty after a cold boot. */
  readonly layers: readonly Digest[];
  /** The prepared snapshot among them. */
  readonly base?: Digest;
}

export interface SnapshotWish {
  readonly name: string;
  readonly notes?: string;
  /** Taken by the page itself, for a reload. */
  readonly automatic?: boolean;
}

export interface SnapshotsOptions {
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly disks: DiskStore;
  readonly clock: Clock;
  readonly randomId: () => string;
}

/**
 * Layers a chain may have before the next snapshot is told against its first layer again: a restore reads all
 * of them, and what changed twice is read twice.
 */
const maxLayers = 12;

/** A name or a note that is longer is a mistake, or somebody filling the store. */
const maxNameLength = 120;
const maxNotesLength = 4000;

/** The snapshots of the lab: a tree of records over shared layers and disk generations. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #records = new Map<SnapshotId, SnapshotRecord>();
  readonly #changes = new Emitter<readonly SnapshotRecord[]>();
  #readers = 0;
  /** Those that went while somebody read what snapshots have. */
  #waiting: SnapshotRecord[] = [];

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  get changes(): Event<readonly SnapshotRecord[]> {
    return this.#changes.event;
  }

  adopt(records: readonly SnapshotRecord[]): void {
    for (const record of records) this.#records.set(record.id, record);
    this.#fire();
  }

  /** Oldest first. */
  list(): readonly SnapshotRecord[] {
    return [...this.#records.values()].sort((a, b) => a.createdAt - b.createdAt);
  }

  get(id: SnapshotId): SnapshotRecord {
    const record = this.#records.get(id);
    if (!record) throw new SandboxError('NotFound', `No such snapshot: ${id}`);
    return record;
  }

  /** The one that the page took by itself of an instance. */
  automaticOf(instance: InstanceId): SnapshotRecord | undefined {
    return this.list().find((record) => record.automatic && record.instance === instance);
  }

  /**
   * Saves the machine, its disks with it, and records it. Nothing is recorded before all of it is stored; what
   * was stored of a snapshot that could not be finished is freed again.
   */
  async take(
    instance: Instance,
    stored: StoredInstance,
    lineage: Lineage,
    wish: SnapshotWish,
    operation: Operation = {},
  ): Promise<SnapshotRecord> {
    const { name, notes } = checkedTexts(wish.name, wish.notes ?? '');
    const layers = lineage.layers.length < maxLayers ? lineage.layers : lineage.layers.slice(0, 1);
    operation.onProgress?.({ phase: 'Reading what it descends from' });
    const { parent, digests } = await this.#readParent(layers);
    operation.onProgress?.({ phase: 'Saving the machine' });
    const frozen: DiskGeneration[] = [];
    try {
      const checkpoint = await instance.checkpoint(
        { parent, freezeDisks: (marks) => this.#freeze(stored, marks, frozen) },
        operation,
      );
      operation.onProgress?.({ phase: 'Storing', total: checkpoint.layer.byteLength });
      return await this.#store(stored, lineage, digests, checkpoint, { ...wish, name, notes });
    } catch (error) {
      await this.#thaw(frozen);
      throw error;
    }
  }

  /** The bytes of a snapshot, to start a machine from. `DataLoss` names what is missing. */
  async read(id: SnapshotId, continued: boolean): Promise<SavedMachine> {
    const { name, config, layers } = this.get(id);
    try {
      const blobs = await this.#options.blobs.read(layers);
      return {
        config,
        continued,
        layers: blobs.map((bytes, index) => ({ digest: layers[index] as Digest, bytes })),
      };
    } catch (thrown) {
      const { code, message } = toSandboxError(thrown);
      if (code !== 'NotFound' && code !== 'DataLoss') throw thrown;
      const advice = 'restore another one, or start the machine anew';
      throw new SandboxError('DataLoss', `The snapshot "${name}" is not whole any more (${message}): ${advice}`, {
        cause: thrown,
      });
    }
  }

  /** Until this is disposed of, nothing is freed that snapshots have now: what runs is saved anew at any moment. */
  hold(): Disposable {
    this.#readers += 1;
    return toDisposable(() => {
      this.#readers -= 1;
      if (this.#readers > 0) return;
      const gone = this.#waiting;
      this.#waiting = [];
      void this.#free(gone);
    });
  }

  /** Every disk generation of a snapshot must be there before anything is done with it. `FailedPrecondition` if not. */
  async assertDisks({ name, disks }: SnapshotRecord): Promise<void> {
    for (const { disk, generation } of disks) {
      const info = await this.#options.disks.info(disk).catch(() => undefined);
      if (info?.generations.includes(generation)) continue;
      throw new SandboxError(
        'FailedPrecondition',
        `The snapshot "${name}" needs generation ${generation} of the disk ${disk}, which is gone: its memory alone would not match any disk`,
      );
    }
  }

  async describe(id: SnapshotId, texts: { readonly name?: string; readonly notes?: string }): Promise<SnapshotRecord> {
    const record = this.get(id);
    const described = { ...record, ...checkedTexts(texts.name ?? record.name, texts.notes ?? record.notes) };
    await this.#apply([put('snapshots', id, described)]);
    return described;
  }

  /** Its children become children of its parent; what they share with it stays. */
  async delete(id: SnapshotId): Promise<void> {
    const record = this.get(id);
    const { parent, ...orphan } = record;
    const children = this.list().filter((child) => child.parent === id);
    const adopted = children.map((child) => {
      const { parent: _, ...rest } = child;
      return put('snapshots', child.id, orphan && parent !== undefined ? { ...rest, parent } : rest);
    });
    await this.#apply([remove('snapshots', id), ...adopted]);
    await this.#free([record]);
  }

  /** Forgets what the page saved by itself of an instance: it has moved on. */
  async dropAutomatic(instance: InstanceId): Promise<void> {
    const record = this.automaticOf(instance);
    if (record) await this.delete(record.id);
  }

  /** Records a snapshot that came from elsewhere; its blobs and disks are stored already. */
  async adoptImported(record: SnapshotRecord): Promise<void> {
    await this.#apply([put('snapshots', record.id, record)]);
  }

  /** Bytes of the layers; where one has gone, those before it do as well, only that more differs from them. */
  async #readParent(layers: readonly Digest[]): Promise<{ parent: ArrayBuffer[]; digests: readonly Digest[] }> {
    for (let count = layers.length; count > 0; count -= 1) {
      const digests = layers.slice(0, count);
      try {
        return { parent: await this.#options.blobs.read(digests), digests };
      } catch (thrown) {
        const { code } = toSandboxError(thrown);
        if (code !== 'NotFound' && code !== 'DataLoss') throw thrown;
      }
    }
    return { parent: [], digests: [] };
  }

  async #freeze(
    { disks }: StoredInstance,
    marks: readonly string[],
    frozen: DiskGeneration[],
  ): Promise<readonly DiskGeneration[]> {
    for (const [index, disk] of disks.entries()) frozen.push(await this.#options.disks.freeze(disk, marks[index]));
    return frozen;
  }

  async #store(
    stored: StoredInstance,
    lineage: Lineage,
    parents: readonly Digest[],
    checkpoint: Checkpoint,
    wish: Required<Pick<SnapshotWish, 'name' | 'notes'>> & SnapshotWish,
  ): Promise<SnapshotRecord> {
    const { clock, blobs, randomId } = this.#options;
    const { digest, size } = await blobs.put(checkpoint.layer, stateLabel);
    const automatic = wish.automatic ?? false;
    const before = automatic ? this.automaticOf(stored.id) : undefined;
    const record: SnapshotRecord = {
      id: randomId(),
      name: wish.name,
      notes: wish.notes,
      createdAt: clock.now(),
      ...(lineage.snapshot !== undefined && this.#records.has(lineage.snapshot) && { parent: lineage.snapshot }),
      instance: stored.id,
      spec: savedSpec(stored),
      config: checkpoint.config,
      layers: [...parents, digest],
      ...(lineage.base !== undefined && parents.includes(lineage.base) && { base: lineage.base }),
      size,
      disks: checkpoint.disks,
      automatic,
    };
    const changes = [put('snapshots', record.id, record), ...(before ? [remove('snapshots', before.id)] : [])];
    try {
      await this.#apply(changes);
    } catch (error) {
      await this.#free([record]);
      throw error;
    }
    if (before) await this.#free([before]);
    return record;
  }

  /**
   * Frees the layers that were stored for a snapshot whose record was not written: by a page that ended in between.
   * To be run when nothing is under way yet. What cannot be freed is tried again the next time.
   */
  async sweep(): Promise<void> {
    await this.#options.blobs.sweep(
      stateLabel,
      this.list().flatMap(({ layers }) => layers),
    );
  }

  /**
   * Forgets the snapshots whose layers or disks are not stored any more, and returns them. Nothing is written: the
   * records went with the rest.
   */
  async forgetLost(): Promise<readonly SnapshotRecord[]> {
    const all = this.list();
    const missing = new Set(await this.#options.blobs.missing(all.flatMap(({ layers }) => layers)));
    const lost: SnapshotRecord[] = [];
    for (const record of all) {
      // What it shares with all who start from a prepared snapshot is fetched again.
      const whole = !record.layers.some((layer) => layer !== record.base && missing.has(layer));
      if (!whole || !(await this.#hasDisks(record))) lost.push(record);
    }
    for (const { id } of lost) this.#records.delete(id);
    for (const record of this.list()) {
      const { parent, ...root } = record;
      if (parent !== undefined && !this.#records.has(parent)) this.#records.set(record.id, root);
    }
    this.#fire();
    return lost;
  }

  #hasDisks(record: SnapshotRecord): Promise<boolean> {
    return this.assertDisks(record).then(
      () => true,
      () => false,
    );
  }

  /** One transaction; what this side knows changes only when it has gone through. */
  async #apply(changes: readonly RecordChange[]): Promise<void> {
    await this.#options.records.apply(changes);
    for (const { key, value } of changes) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value as SnapshotRecord);
    }
    this.#fire();
  }

  /** Frees the layers and disk generations of records that are gone, unless another record has them. */
  async #free(gone: readonly SnapshotRecord[]): Promise<void> {
    if (this.#readers > 0) {
      this.#waiting.push(...gone);
      return;
    }
    const kept = new Set(this.list().flatMap(({ layers }) => layers));
    const bases = new Set([...gone, ...this.list()].map(({ base }) => base));
    const layers = new Set(gone.flatMap((record) => record.layers));
    for (const layer of layers) {
      // What cannot be freed now costs room and nothing else.
      if (!kept.has(layer) && !bases.has(layer)) await this.#options.blobs.delete(layer).catch(() => {});
    }
    await this.#thaw(gone.flatMap(({ disks }) => disks));
  }

  async #thaw(generations: readonly DiskGeneration[]): Promise<void> {
    const kept = new Set(this.list().flatMap(({ disks }) => disks.map(generationKey)));
    for (const generation of generations) {
      if (kept.has(generationKey(generation))) continue;
      // Refused while a clone or the disk's own head stands on it, which is as it should be.
      await this.#options.disks.deleteGeneration(generation).catch(() => {});
    }
  }

  #fire(): void {
    this.#changes.fire(this.list());
  }
}

function generationKey({ disk, generation }: DiskGeneration): string {
  return `${disk}@${generation}`;
}

function checkedTexts(name: string, notes: string): { readonly name: string; readonly notes: string } {
  const trimmed = name.trim();
  if (trimmed === '' || trimmed.length > maxNameLength) {
    const message = `A snapshot's name has 1 to ${maxNameLength} characters: "${trimmed.slice(0, maxNameLength)}"`;
    throw new SandboxError('InvalidArgument', message);
  }
  if (notes.length > maxNotesLength) {
    throw new SandboxError('InvalidArgument', `Notes have at most ${maxNotesLength} characters, not ${notes.length}`);
  }
  return { name: trimmed, notes };
}

function savedSpec({ spec }: StoredInstance): VmSpec {
  // Its disks are generations: whose they were is of no matter to who is made from them.
  if (spec.kind === 'vm') return { ...spec, disks: (spec.disks ?? []).map(({ volume: _, ...disk }) => disk) };
  throw new SandboxError('FailedPrecondition', `${spec.name} is a ${spec.kind}, which cannot be saved`);
}
