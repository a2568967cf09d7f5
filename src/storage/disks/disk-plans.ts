import type { DiskGeneration, DiskId } from '../../api/disk';
import { SandboxError } from '../../base/errors';
import {
  chainOf,
  childrenOf,
  type DiskRecord,
  type DiskRecords,
  type LayerId,
  type LayerRecord,
  sweep,
  withRecords,
} from './disk-records';

/** Extents by number; an empty one reads as zeros. */
export type ExtentMap = ReadonlyMap<number, Uint8Array<ArrayBuffer>>;

/** What one transaction does. Extents of layers that `next` does not have are removed. */
export interface DiskPlan<T> {
  readonly next: DiskRecords;
  readonly result: T;
  readonly write?: { readonly layer: LayerId; readonly extents: ExtentMap };
  /** All extents of one layer become another's; where both have one, `replace` says which is kept. */
  readonly move?: { readonly from: LayerId; readonly to: LayerId; readonly replace: boolean };
}

/**
 * What each change of disks does to the records: pure functions, run inside the transaction that they are for.
 * Errors: `NotFound`, `FailedPrecondition`.
 */

export function planCreate(records: DiskRecords, id: DiskId, sizeBytes: number, head: LayerId): DiskPlan<void> {
  const disk: DiskRecord = { kind: 'disk', id, sizeBytes, head, lastGeneration: 0 };
  return { next: withRecords(records, [disk, { kind: 'layer', id: head, disk: id }]), result: undefined };
}

export function planFork(records: DiskRecords, base: DiskGeneration, id: DiskId, head: LayerId): DiskPlan<void> {
  const { sizeBytes } = requireDisk(records, base.disk);
  const parent = requireGeneration(records, base).id;
  const disk: DiskRecord = { kind: 'disk', id, sizeBytes, head, base, lastGeneration: 0 };
  return { next: withRecords(records, [disk, { kind: 'layer', id: head, disk: id, parent }]), result: undefined };
}

export interface OpenedLayers {
  readonly sizeBytes: number;
  /** From the bottom; the last is the head. */
  readonly layers: readonly LayerId[];
}

/** From now on only who has `opener` may write. With `after`, one of those must have been the last to open it. */
export function planOpen(
  records: DiskRecords,
  id: DiskId,
  opener: string,
  after?: readonly string[],
): DiskPlan<OpenedLayers> {
  const disk = requireDisk(records, id);
  const head = requireHead(disk);
  if (after && (disk.opener === undefined || !after.includes(disk.opener))) {
    const message = `The disk ${id} has moved on: it was opened elsewhere, frozen or reverted meanwhile`;
    throw new SandboxError('FailedPrecondition', message, { details: { disk: id } });
  }
  const layers = chainOf(records, head).map((layer) => layer.id);
  return {
    next: withRecords(records, [{ ...disk, opener }]),
    result: { sizeBytes: disk.sizeBytes, layers: layers.reverse() },
  };
}

/** Harmless when somebody else has opened it meanwhile. */
export function planClose(records: DiskRecords, id: DiskId, opener: string): DiskPlan<void> {
  const disk = records.disks.get(id);
  if (disk?.opener !== opener) return { next: records, result: undefined };
  const { opener: _, ...closed } = disk;
  return { next: withRecords(records, [closed]), result: undefined };
}

export function planWrite(records: DiskRecords, id: DiskId, opener: string, extents: ExtentMap): DiskPlan<void> {
  const disk = requireDisk(records, id);
  requireOpener(id, disk.opener, opener);
  return { next: records, result: undefined, write: { layer: requireHead(disk), extents } };
}

export interface Frozen {
  readonly generation: number;
  readonly head: LayerId;
}

/** The head, with what is written to it, becomes a generation, and `newHead` stands on it. */
export function planFreeze(
  records: DiskRecords,
  id: DiskId,
  newHead: LayerId,
  { opener, extents }: { readonly opener?: string; readonly extents?: ExtentMap } = {},
): DiskPlan<Frozen> {
  const { opener: earlier, ...disk } = requireDisk(records, id);
  const head = requireHead(disk);
  if (opener !== undefined) requireOpener(id, earlier, opener);
  const generation = disk.lastGeneration + 1;
  const next = withRecords(records, [
    // Who had it open without being asked does not know the new head, and may write no more.
    { ...disk, head: newHead, lastGeneration: generation, ...(opener !== undefined && { opener }) },
    { ...requireLayer(records, head), generation },
    { kind: 'layer', id: newHead, disk: id, parent: head },
  ]);
  return { next, result: { generation, head: newHead }, ...(extents && { write: { layer: head, extents } }) };
}

export function planRevert(records: DiskRecords, target: DiskGeneration, newHead: LayerId): DiskPlan<void> {
  const { opener: _, ...disk } = requireDisk(records, target.disk);
  const parent = requireGeneration(records, target).id;
  const next = withRecords(records, [
    { ...disk, head: newHead },
    { kind: 'layer', id: newHead, disk: disk.id, parent },
  ]);
  return { next: sweep(next), result: undefined };
}

/** The head goes. Generations stay until they are deleted, each by itself; the last takes the disk along. */
export function planDelete(records: DiskRecords, id: DiskId): DiskPlan<void> {
  const { head: _, opener: __, ...disk } = requireDisk(records, id);
  return { next: sweep(withRecords(records, [disk])), result: undefined };
}

/** One layer took in another: who had either has `kept` now. */
export interface Merged {
  readonly gone: LayerId;
  readonly kept: LayerId;
}

/**
 * The generation is none any more. Where nothing stands on its layer, that goes; where one layer does, the two
 * become one, and `count` says which of them is less to move; where several do, it stays for them alone.
 */
export function planDeleteGeneration(
  records: DiskRecords,
  target: DiskGeneration,
  count: (layer: LayerId) => number,
): DiskPlan<Merged | undefined> {
  const { generation: _, ...lower } = requireGeneration(records, target);
  const unlisted = withRecords(records, [lower]);
  const [upper, ...others] = childrenOf(records, lower.id);
  if (!upper || others.length > 0) return { next: sweep(unlisted), result: undefined };
  const intoUpper = count(lower.id) <= count(upper.id);
  const [gone, kept] = intoUpper ? [lower.id, upper.id] : [upper.id, lower.id];
  return {
    next: sweep(joinLayers(unlisted, lower, upper, kept)),
    result: { gone, kept },
    move: { from: gone, to: kept, replace: !intoUpper },
  };
}

/** The upper layer as it is, standing where the lower one stood, under the id that is kept. */
function joinLayers(records: DiskRecords, lower: LayerRecord, upper: LayerRecord, kept: LayerId): DiskRecords {
  const { parent: _, ...rest } = upper;
  const joined: LayerRecord = { ...rest, id: kept, ...(lower.parent !== undefined && { parent: lower.parent }) };
  const above = childrenOf(records, upper.id).map((layer) => ({ ...layer, parent: kept }));
  const heads = [...records.disks.values()].flatMap((disk) =>
    disk.head === upper.id ? [{ ...disk, head: kept }] : [],
  );
  const { disks, layers } = withRecords(records, [joined, ...above, ...heads]);
  const gone = kept === upper.id ? lower.id : upper.id;
  return { disks, layers: new Map([...layers].filter(([id]) => id !== gone)) };
}

export function requireDisk(records: DiskRecords, id: DiskId): DiskRecord {
  const disk = records.disks.get(id);
  if (disk) return disk;
  throw new SandboxError('NotFound', `No such disk: ${id}`, { details: { disk: id } });
}

function requireHead({ id, head }: DiskRecord): LayerId {
  if (head !== undefined) return head;
  throw new SandboxError('FailedPrecondition', `The disk ${id} was deleted; only generations of it are kept`);
}

function requireLayer(records: DiskRecords, id: LayerId): LayerRecord {
  const layer = records.layers.get(id);
  if (layer) return layer;
  throw new SandboxError('DataLoss', `A layer of a disk is missing: ${id}`);
}

function requireGeneration(records: DiskRecords, { disk, generation }: DiskGeneration): LayerRecord {
  for (const layer of records.layers.values()) {
    if (layer.disk === disk && layer.generation === generation) return layer;
  }
  throw new SandboxError('NotFound', `No such generation of the disk ${disk}: ${generation}`, {
    details: { disk, generation },
  });
}

function requireOpener(disk: DiskId, actual: string | undefined, claimed: string): void {
  if (actual === claimed) return;
  throw new SandboxError('FailedPrecondition', `The disk ${disk} was opened elsewhere; this opening of it is over`);
}
