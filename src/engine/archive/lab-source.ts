import type { DiskStore } from '../../api/disk';
import type { RecordStore } from '../../api/records';
import type { SharedFolders } from '../../api/shared-folder';
import type { BlobClient } from '../blob-client';
import type { Images } from '../images';

/** What a lab's data are in, for those that carry all of it away or bring it back. */
export interface LabStores {
  readonly records: RecordStore;
  readonly blobs: BlobClient;
  readonly disks: DiskStore;
  /** Absent: nothing is shared. */
  readonly folders?: SharedFolders;
  readonly images: Pick<Images, 'current' | 'save' | 'load'>;
  /** Fires when the store ends. */
  readonly lost: AbortSignal;
}
