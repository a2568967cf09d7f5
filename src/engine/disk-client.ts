import type { DiskStore } from '../api/disk';
import type { Remote } from '../rpc/control';
import type { StoreService } from '../storage/store-service';

/** The disks of the store in its worker. */
export function createDiskClient(remote: Remote<StoreService>): DiskStore {
  return {
    create: (spec) => remote.createDisk(spec),
    fork: (base) => remote.forkDisk(base),
    info: (disk) => remote.diskInfo(disk),
    list: () => remote.listDisks(),
    open: (disk, opening) => remote.openDisk(disk, opening),
    close: (disk) => remote.closeDisk(disk),
    freeze: (disk, mark) => remote.freezeDisk(disk, mark),
    revert: (generation) => remote.revertDisk(generation),
    deleteGeneration: (generation) => remote.deleteDiskGeneration(generation),
    delete: (disk) => remote.deleteDisk(disk),
  };
}
