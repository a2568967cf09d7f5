import type { Digest } from '../../api/content-store';
import type { RemovedImage } from '../../api/image-summary';
import type { RecordChange } from '../../api/records';
import { SandboxError } from '../../base/errors';
import { findImage } from './find-image';
import { type ImageRecord, type ImageRecords, putImage, withoutReferences } from './image-record';
import { shortName, usersOf } from './image-usage';

/** What a removal changes, and docker's answer to it. */
export interface Removal {
  readonly changes: readonly RecordChange[];
  readonly removed: readonly RemovedImage[];
}

export interface RemovalOptions {
  /** Also an image that has several names, by its id, and one that is in use: that loses its names, and stays. */
  readonly force?: boolean;
}

export interface PruneOptions {
  /** Also those with names. */
  readonly all?: boolean;
  /** Of these alone. */
  readonly only?: readonly Digest[];
}

/**
 * Docker's rules of `rmi`: a name is taken off; the image goes with its last name, or when it is named by its id.
 * Errors: `NotFound`, and `FailedPrecondition` in docker's words when somebody uses the image, or it has several names.
 */
export function planRemoval(records: ImageRecords, name: string, { force = false }: RemovalOptions = {}): Removal {
  const { record, reference } = findImage(records.images, name);
  const { references } = record;
  const id = shortId(record.descriptor.digest);
  if (reference !== undefined && references.length > 1) {
    return {
      changes: [putImage(withoutReferences(record, [reference]))],
      removed: [{ untagged: shortName(reference) }],
    };
  }
  const [user] = usersOf(record, records.users);
  if (user && force && references.length > 0) {
    return {
      changes: [putImage(withoutReferences(record, references))],
      removed: references.map((each) => ({ untagged: shortName(each) })),
    };
  }
  if (user) {
    const how = references.length > 0 ? 'must' : 'cannot';
    const what =
      reference === undefined
        ? `unable to delete ${id} (${how} be forced) - image is being used by ${user.name}`
        : `unable to remove repository reference "${shortName(reference)}" (must force) - ${user.name} is using its referenced image ${id}`;
    throw conflict(what, record);
  }
  if (references.length > 1 && !force) {
    throw conflict(`unable to delete ${id} (must be forced) - image is referenced in multiple repositories`, record);
  }
  return removeWhole(record);
}

/** Takes away what nobody uses: images without a name, or with `all` those with names as well. */
export function planPrune({ images, users }: ImageRecords, { all = false, only }: PruneOptions = {}): Removal {
  const wanted = only && new Set(only);
  const unused = images.filter(
    (image) =>
      (all || image.references.length === 0) &&
      (wanted?.has(image.descriptor.digest) ?? true) &&
      usersOf(image, users).length === 0,
  );
  const removals = unused.map(removeWhole);
  return {
    changes: removals.flatMap(({ changes }) => changes),
    removed: removals.flatMap(({ removed }) => removed),
  };
}

function removeWhole({ descriptor, references }: ImageRecord): Removal {
  return {
    changes: [{ collection: 'images', key: descriptor.digest }],
    removed: [...references.map((each) => ({ untagged: shortName(each) })), { deleted: descriptor.digest }],
  };
}

function shortId(digest: Digest): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

function conflict(what: string, { descriptor }: ImageRecord): SandboxError {
  return new SandboxError('FailedPrecondition', `conflict: ${what}`, { details: { digest: descriptor.digest } });
}
