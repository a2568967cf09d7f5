import type { Digest } from '../api/content-store';
import type { RecordCollection } from '../api/records';
import { SandboxError } from '../base/errors';
import {
  type Fields,
  readCount,
  readDigest,
  readDocument,
  readList,
  readRecord,
  readString,
  refused,
} from './oci-parse';

/** Media types of a lab that is carried away whole; docs/ARCHIVE.md. */
export const labTypes = {
  lab: 'application/vnd.strata.lab.v1',
  config: 'application/vnd.strata.lab.config.v1+json',
  scenario: 'application/yaml',
  /** A tar of one file with holes, gzip'd: the disk's bytes. */
  disk: 'application/vnd.strata.lab.disk.v1.tar+gzip',
  /** RAM and devices of a machine, or what changed of them since the layer before. */
  memory: 'application/vnd.strata.lab.memory.v1+gzip',
  /** A tar of what is in a shared folder, gzip'd. */
  folder: 'application/vnd.strata.lab.folder.v1.tar+gzip',
  /** A module, a file for an app, a piece of a container's log: as it is. */
  blob: 'application/vnd.strata.lab.blob.v1',
} as const;

/** The version of the document; it goes up when an older page would read one wrongly. */
const formatVersion = 1;

/** Collections whose records are carried, in the order of the document. */
export const archivedCollections = [
  'instances',
  'networks',
  'reservations',
  'snapshots',
  'disks',
  'layouts',
  'containers',
  'containerLogs',
  'containerVolumes',
  'containerNetworks',
] as const satisfies readonly RecordCollection[];

export interface ArchivedRecord {
  readonly collection: (typeof archivedCollections)[number];
  readonly key: string;
  readonly value: unknown;
}

/** What a lab that was saved whole consists of; its data are blobs beside it, told by digest. */
export interface LabDocument {
  readonly name: string;
  readonly notes: string;
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
  readonly records: readonly ArchivedRecord[];
  /** Blobs by what they are the content of: `DISK` for one as it was, `DISK@GENERATION` for a frozen state. */
  readonly disks: Readonly<Record<string, Digest>>;
  /** Packed layers of memory, by the digest of what is in them. */
  readonly memory: Readonly<Record<string, Digest>>;
  /** Blobs of the store that records name, with what they are kept under. */
  readonly blobs: readonly { readonly digest: Digest; readonly label: string }[];
  readonly folders: readonly { readonly name: string; readonly quotaBytes: number; readonly blob: Digest }[];
}

export function serializeLabDocument(document: LabDocument): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ formatVersion, ...document }));
}

/** Errors: `FailedPrecondition` for a later version, `InvalidArgument` names what is not as it must be. */
export function parseLabDocument(bytes: Uint8Array): LabDocument {
  const root = readDocument(bytes, 'lab');
  const version = readCount(root['formatVersion'], 'lab.formatVersion');
  if (version !== formatVersion) {
    const message = `A lab of version ${version}: this page reads version ${formatVersion}`;
    throw new SandboxError('FailedPrecondition', message, { details: { version } });
  }
  return {
    name: readString(root['name'], 'lab.name').slice(0, 120),
    notes: readString(root['notes'], 'lab.notes').slice(0, 20_000),
    savedAt: readCount(root['savedAt'], 'lab.savedAt'),
    records: readList(root['records'], 'lab.records', readArchivedRecord),
    disks: readDigests(root['disks'], 'lab.disks'),
    memory: readDigests(root['memory'], 'lab.memory'),
    blobs: readList(root['blobs'], 'lab.blobs', (item, path) => {
      const fields = readRecord(item, path);
      return {
        digest: readDigest(fields['digest'], `${path}.digest`),
        label: readString(fields['label'], `${path}.label`),
      };
    }),
    folders: readList(root['folders'], 'lab.folders', (item, path) => {
      const fields = readRecord(item, path);
      return {
        name: readString(fields['name'], `${path}.name`),
        quotaBytes: readCount(fields['quotaBytes'], `${path}.quotaBytes`),
        blob: readDigest(fields['blob'], `${path}.blob`),
      };
    }),
  };
}

function readArchivedRecord(item: unknown, path: string): ArchivedRecord {
  const fields: Fields = readRecord(item, path);
  const collection = archivedCollections.find((each) => each === fields['collection']);
  if (collection === undefined) throw refused(`${path}.collection`, 'a collection of records', fields['collection']);
  return { collection, key: readString(fields['key'], `${path}.key`), value: fields['value'] };
}

function readDigests(value: unknown, path: string): Readonly<Record<string, Digest>> {
  return Object.fromEntries(
    Object.entries(readRecord(value, path)).map(([key, digest]) => [key, readDigest(digest, `${path}.${key}`)]),
  );
}
