import { acceptPort } from '../../src/rpc/accept-node';
import { expose } from '../../src/rpc/control';
import { LayeredDiskStore } from '../../src/storage/disks/layered-disk-store';
import { createMemoryContentStore } from '../../src/storage/open-content-store';
import { StoreService } from '../../src/storage/store-service';
import { JournalDiskBackend } from './journal-disk-backend';

/** The store's worker with disks in the file that the environment names; the rest is in memory. */
const open = async () => {
  const backend = await JournalDiskBackend.open(process.env['STRATA_TEST_DISKS'] ?? '');
  return { ...createMemoryContentStore(), disks: new LayeredDiskStore(backend), persistent: true };
};

acceptPort((port) => expose(new StoreService({ open }), port));
