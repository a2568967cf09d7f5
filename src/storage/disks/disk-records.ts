import type { DiskGeneration, DiskId } from '../../api/disk';

/** Extents that were written between one freeze and the next, by a random id. */
export type LayerId = string;

export interface DiskRecord {
  readonly kind: 'disk';
  readonly id: DiskId;
  readonly sizeBytes: number;
  /** The layer that is written to. Absent for a disk that was deleted and has generations that were not. */
  readonly head?: LayerId;
  /** Of which generation it was made as a copy. */
  readonly base?: DiskGeneration;
  /** The last number that was given; 0 before the first. */
  readonly lastGeneration: number;
  /** Random, new with each opening: who has another one may not write any more. */
  readonly opener?: string;
}

export interface LayerRecord {
  readonly kind: 'layer';
  readonly id: LayerId;
  readonly disk: DiskId;
  /** The layer under it: what this one lacks is read from there. */
  readonly parent?: LayerId;
  /** Its number as a generation of its disk. Absent: a head, or kept only because others stand on it. */
  readonly generation?: number;
}

/**
 * All that is known of disks, less their bytes. Invariants: every parent and every head exists; a layer is a
 * head, a generation, or has others above it; a layer that is not a head never changes what it reads as.
 */
export interface DiskRecords {
  readonly disks: ReadonlyMap<DiskId, DiskRecord>;
  readonly layers: ReadonlyMap<LayerId, LayerRecord>;
}

/** The records with some of them added or replaced. */
export function withRecords(records: DiskRecords, changed: readonly (DiskRecord | LayerRecord)[]): DiskRecords {
  const disks = new Map(records.disks);
  const layers = new Map(records.layers);
  for (const record of changed) {
    if (record.kind === 'disk') disks.set(record.id, record);
    else layers.set(record.id, record);
  }
  return { disks, layers };
}

/** The layer and those under it, from the top. */
export function chainOf({ layers }: DiskRecords, top: LayerId | undefined): readonly LayerRecord[] {
  const chain: LayerRecord[] = [];
  for (let layer = top === undefined ? undefined : layers.get(top); layer; ) {
    chain.push(layer);
    layer = layer.parent === undefined ? undefined : layers.get(layer.parent);
  }
  return chain;
}

export function layersOf({ layers }: DiskRecords, disk: DiskId): readonly LayerRecord[] {
  return [...layers.values()].filter((layer) => layer.disk === disk);
}

/** The generations of a disk that are kept, oldest first. */
export function generationsOf(records: DiskRecords, disk: DiskId): readonly number[] {
  return layersOf(records, disk)
    .flatMap(({ generation }) => (generation === undefined ? [] : [generation]))
    .sort((a, b) => a - b);
}

export function childrenOf({ layers }: DiskRecords, parent: LayerId): readonly LayerRecord[] {
  return [...layers.values()].filter((layer) => layer.parent === parent);
}

/** The records without what nothing needs any more: layers under no head and no generation, disks of neither. */
export function sweep(records: DiskRecords): DiskRecords {
  const needed = new Set<LayerId>();
  const mark = (top: LayerId): void => {
    for (const { id } of chainOf(records, top)) needed.add(id);
  };
  for (const { head } of records.disks.values()) if (head !== undefined) mark(head);
  for (const { id, generation } of records.layers.values()) if (generation !== undefined) mark(id);
  const layers = new Map([...records.layers].filter(([id]) => needed.has(id)));
  const named = new Set(
    [...layers.values()].flatMap(({ disk, generation }) => (generation === undefined ? [] : [disk])),
  );
  const disks = new Map([...records.disks].filter(([id, { head }]) => head !== undefined || named.has(id)));
  return { disks, layers };
}
