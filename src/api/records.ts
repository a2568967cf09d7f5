/**
 * Collections of the lab's records. What is in them is told by `engine/lab-records.ts` and, of containers, by
 * `engine/containers/container-records.ts`; what is in those of images (the last three) by `storage`, where they are
 * written together with blobs.
 */
export type RecordCollection =
  | 'instances'
  | 'networks'
  | 'reservations'
  | 'snapshots'
  | 'disks'
  | 'leases'
  | 'layouts'
  | ContainerCollection
  | ImageCollection;

/** One step of a change: `value` is put, or the key removed when there is none. */
export interface RecordChange {
  readonly collection: RecordCollection;
  readonly key: string;
  /** Plain JSON. */
  readonly value?: unknown;
}

export type ContainerCollection = 'containers' | 'containerLogs' | 'containerVolumes' | 'containerNetworks';

/** Collections that are written together with blobs: see {@link ContentStore.commitAll}. */
export type ImageCollection = 'images' | 'imageLeases' | 'layers';

/** The lab's records. Whatever is acknowledged is on the disk, as far as the browser promises. */
export interface RecordStore {
  /** All records of a collection, in the order of their keys. */
  list(collection: RecordCollection): Promise<readonly { readonly key: string; readonly value: unknown }[]>;
  /** All steps or none. `ResourceExhausted` over quota; nothing is half written. */
  apply(changes: readonly RecordChange[]): Promise<void>;
}
