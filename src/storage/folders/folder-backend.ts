import type { InodeNumber } from '../../api/file-tree';
import type { FolderChange, FolderHead, FolderName, FolderRecords } from './folder-records';

/** Where folders are kept. Who has one open is the only one to change it. */
export interface FolderBackend {
  list(): Promise<ReadonlyMap<FolderName, FolderHead>>;
  /** `NotFound`. */
  load(folder: FolderName): Promise<FolderRecords>;
  /**
   * All of the change or nothing; also makes a folder. With `lasting` this and all that was written before survive a
   * power cut. `ResourceExhausted` when there is no room.
   */
  write(folder: FolderName, change: FolderChange, lasting: boolean): Promise<void>;
  /** Undefined when there is no such chunk: zeros. */
  read(folder: FolderName, inode: InodeNumber, index: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Everything of the folder. */
  remove(folder: FolderName): Promise<void>;
}
