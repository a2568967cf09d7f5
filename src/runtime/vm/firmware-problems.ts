import type { DriveKind } from '../../api/disk';
import type { Problem, VmSpec } from '../../api/instance';

/** Drives that the emulated controllers have (`devices/pc-drives.ts`). */
const driveLimits: Readonly<Record<DriveKind, number>> = { floppy: 2, disk: 2, cdrom: 1 };

const driveNames: Readonly<Record<DriveKind, string>> = {
  floppy: 'floppy disks',
  disk: 'hard disks',
  cdrom: 'CD-ROM',
};

/** What keeps a machine from starting from its drives. */
export function firmwareProblems({ firmware, disks = [], containerHost }: VmSpec): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, message: string): void => void problems.push({ field, message });
  const kinds = disks.map(({ drive }) => drive);
  if (!firmware) {
    if (kinds.some((kind) => kind !== undefined)) add('disks', 'Only a machine that starts from its drives has drives');
    return problems;
  }
  if (containerHost) add('containerHost', 'A machine that starts from its drives cannot be a container host');
  for (const [kind, limit] of Object.entries(driveLimits) as [DriveKind, number][]) {
    const count = kinds.filter((each = 'disk') => each === kind).length;
    if (count > limit) add('disks', `A machine has at most ${limit} ${driveNames[kind]}: ${count}`);
  }
  if (disks.some(({ drive = 'disk', source }) => drive !== 'disk' && !source)) {
    add('disks', 'A floppy disk or a CD-ROM comes from a file: only a hard disk can begin empty');
  }
  const { boot } = firmware;
  if (boot.length === 0 || new Set(boot).size !== boot.length) {
    add('firmware', `A boot order names each kind of drive once, and at least one: ${boot.join(', ')}`);
  }
  const missing = boot.find((kind) => !kinds.some((each = 'disk') => each === kind));
  if (missing) add('firmware', `The machine is to start from its ${driveNames[missing]}, and has none`);
  return problems;
}
