import type { InstanceSpec } from '../../api/instance';
import type { SnapshotRecord } from '../../api/snapshot';
import type { VolumeRecord } from '../../api/volume';
import { SandboxError } from '../../base/errors';
import type { ArchivedRecord, LabDocument } from '../../formats/lab-document';
import { holdsFiles } from '../folders/empty-folder';
import type { StoredInstance } from '../lab-records';
import { defaultNetwork } from '../networks';
import { sharesOf } from '../shares-of';
import { valuesOf } from './lab-data';
import type { LabStores } from './lab-source';

/** Why an archive cannot be opened here. */
export interface LabConflict {
  readonly message: string;
  /** Whether it can be opened in a new lab, from which folders with something in them were removed, too. */
  readonly isSolvedByNewLab: boolean;
}

/**
 * What is in the way of an archive. It is not mixed with what is there: its machines come with addresses and ids, and a
 * machine that wants a folder of the user's would have it at once. A folder that holds no file is in nobody's way, unless
 * machines of a snapshot that is here would have it. What a new lab does not solve comes first, so that nobody removes
 * anything for nothing. `made`: folders that are the archive's own.
 */
export async function findConflict(
  archived: readonly ArchivedRecord[],
  folders: LabDocument['folders'],
  stores: LabStores,
  made: readonly string[] = [],
): Promise<LabConflict | undefined> {
  const names = [...folders.map(({ name }) => name), ...sharedFoldersOf(archived)];
  const wanted = new Set(names.filter((name) => !made.includes(name)));
  return (await findLasting(archived, wanted, stores)) ?? (await findSolvable(wanted, stores));
}

/** What stays in a new lab: volumes, and snapshots that somebody took. */
async function findLasting(
  archived: readonly ArchivedRecord[],
  wanted: ReadonlySet<string>,
  { records }: LabStores,
): Promise<LabConflict | undefined> {
  const volumes = (await records.list('disks')).map(({ value }) => value as VolumeRecord);
  for (const { name } of valuesOf<VolumeRecord>(archived, 'disks')) {
    if (!volumes.some((each) => each.name === name)) continue;
    return { message: `there is a volume "${name}"; rename or remove it`, isSolvedByNewLab: false };
  }
  for (const { value } of await records.list('snapshots')) {
    const { name, spec, automatic } = value as SnapshotRecord;
    const folder = foldersOf(spec).find((each) => wanted.has(each));
    if (automatic || folder === undefined) continue;
    const message = `there is a snapshot "${name}" whose machines have the folder "${folder}", too; delete it`;
    return { message, isSolvedByNewLab: false };
  }
}

async function findSolvable(
  wanted: ReadonlySet<string>,
  { records, folders }: LabStores,
): Promise<LabConflict | undefined> {
  const notEmpty: LabConflict = { message: 'begin a new lab first', isSolvedByNewLab: true };
  for (const collection of ['instances', 'containers'] as const) {
    if ((await records.list(collection)).length > 0) return notEmpty;
  }
  const networks = (await records.list('networks')).map(({ key }) => key);
  if (networks.some((name) => name !== defaultNetwork.name)) return notEmpty;
  for (const { name } of (await folders?.list()) ?? []) {
    if (folders && wanted.has(name) && (await holdsFiles(folders, name))) return folderTaken(name);
  }
}

/** There is a folder of that name, with something in it. */
export function folderTaken(name: string): LabConflict {
  const next = 'which machines of the archive must not get; save what is in it and remove it';
  return { message: `there is a folder "${name}", ${next}`, isSolvedByNewLab: true };
}

/** `FailedPrecondition` with what {@link findConflict} finds. */
export async function requireNoConflict(...args: Parameters<typeof findConflict>): Promise<void> {
  const conflict = await findConflict(...args);
  if (conflict) throw refusal(conflict);
}

export function refusal({ message }: LabConflict): SandboxError {
  return new SandboxError('FailedPrecondition', `The lab cannot be opened beside what is here: ${message}`);
}

/** Folders that machines have, or get when they are made from a snapshot. */
export function sharedFoldersOf(records: readonly ArchivedRecord[]): readonly string[] {
  const specs = [...valuesOf<StoredInstance>(records, 'instances'), ...valuesOf<SnapshotRecord>(records, 'snapshots')];
  return [...new Set(specs.flatMap(({ spec }) => foldersOf(spec)))];
}

function foldersOf(spec: InstanceSpec): readonly string[] {
  return sharesOf(spec).flatMap((share) => ('folder' in share ? [share.folder] : []));
}
