import type { LabParts } from './assemble-lab';
import { type DisksInUse, sweepDisks } from './disk-sweep';
import type { LabOptions } from './lab-options';
import { type LoadedRecords, loadRecords } from './lab-records';

/**
 * Reads the records into the parts of the lab, and frees what no record names. Returns what it could not read, which
 * is left as it is.
 */
export async function loadLab(
  { records, disks }: Pick<LabOptions, 'records' | 'disks'>,
  parts: LabParts,
): Promise<{ readonly unreadable: readonly string[] }> {
  const loaded = await loadRecords(records);
  const { networks, snapshots, labDisks, fleet, modules } = parts;
  networks.adopt(loaded.networks, loaded.reservations, loaded.leases);
  snapshots.adopt(loaded.snapshots);
  labDisks.book.adopt(loaded.disks);
  const refused = await fleet.adopt(loaded.instances);
  const unreadable = [...loaded.unreadable, ...refused.map(({ id }) => `instances/${id}`)];
  const inUse = disksInUse(loaded, parts);
  // What is in records that cannot be read may have disks, memory and modules, too.
  if (unreadable.length === 0) {
    await sweepDisks(disks, inUse);
    await snapshots.sweep().catch(() => {});
    await modules.sweep(fleet.specs());
  }
  return { unreadable };
}

function disksInUse({ instances, snapshots }: LoadedRecords, { labDisks }: LabParts): DisksInUse {
  return {
    disks: [...instances.flatMap((each) => each.disks), ...labDisks.book.disks()],
    generations: [
      ...snapshots.flatMap((each) => each.disks),
      ...labDisks.book.generations(),
      ...labDisks.sources().flatMap(({ generation }) => (generation ? [generation] : [])),
    ],
  };
}
