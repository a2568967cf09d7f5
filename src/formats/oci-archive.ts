import { createTarPacker } from 'modern-tar';
import type { Digest } from '../api/content-store';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import { type ArchiveLimits, readArchiveEntries } from './archive-entries';
import { createDigester, digestHex, digestOf, isDigest } from './digest';
import type { Descriptor, Index } from './oci';
import { documentLimit, parseIndex } from './oci-parse';

/**
 * An OCI image layout (image-spec v1.1, image-layout.md) in one tar file: what skopeo calls `oci-archive`.
 * An archive from outside is trusted in nothing: what is read of it is bounded, and every blob that is handed
 * on was or is compared with its digest.
 */
export interface ArchiveBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Exactly `size` bytes. */
  open(): AsyncIterable<Uint8Array>;
}

const layoutFile = '{"imageLayoutVersion":"1.0.0"}';
/** Where a layout has its blobs, each under the hex digits of its digest. */
export const blobFolder = 'blobs/sha256/';

interface LayoutLimits extends ArchiveLimits {
  /** A blob up to this size is kept while the archive is scanned, as it may be a manifest or a config. */
  readonly documentBytes: number;
  /** Bytes of all blobs that are kept. */
  readonly documentsBytes: number;
}

const defaultLimits: LayoutLimits = {
  entries: 4096,
  blobBytes: 16 * 1024 ** 3,
  documentBytes: 1024 ** 2,
  documentsBytes: 16 * 1024 ** 2,
};

/** A file that stands in an archive beside the layout. */
export interface ExtraFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The archive's bytes as they are asked for. The same index, blobs and extra files give the same bytes. */
export function writeOciArchive(
  index: Index,
  blobs: Iterable<ArchiveBlob> | AsyncIterable<ArchiveBlob>,
  extras: readonly ExtraFile[] = [],
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, controller } = createTarPacker();
  const add = async (name: string, size: number, chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    const entry = controller.add({ name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 }).getWriter();
    for await (const chunk of chunks) await entry.write(chunk);
    await entry.close();
  };
  const addBytes = (name: string, bytes: Uint8Array): Promise<void> => add(name, bytes.length, once(bytes));
  const write = async (): Promise<void> => {
    await addBytes('oci-layout', new TextEncoder().encode(layoutFile));
    await addBytes('index.json', new TextEncoder().encode(JSON.stringify(index)));
    for (const { name, bytes } of extras) await addBytes(name, bytes);
    for await (const { digest, size, open } of blobs) await add(blobFolder + digestHex(digest), size, open());
    controller.finalize();
  };
  // A reader that leaves ends the writing, and a failure is what the reader hears.
  write().catch((error: unknown) => controller.error(error));
  return readable;
}

/** What an archive has, after one pass over it. */
export interface OciArchive {
  readonly index: Index;
  /** Bytes of each blob, by digest. */
  readonly blobs: ReadonlyMap<Digest, number>;
  /** A small blob, verified. `DataLoss` when it is missing, too large for a document, or damaged. */
  readDocument(descriptor: Descriptor): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads index and documents of an archive. Errors: `InvalidArgument` for what is no tar, no image layout, or
 * beyond the limits; `FailedPrecondition` for another version of the layout; `DataLoss` for one that was cut off.
 */
export async function scanOciArchive(
  archive: ReadableStream<Uint8Array>,
  limits: LayoutLimits = defaultLimits,
): Promise<OciArchive> {
  const blobs = new Map<Digest, number>();
  const documents = new Map<Digest, Uint8Array<ArrayBuffer>>();
  const named = new Map<string, Uint8Array<ArrayBuffer>>();
  let kept = 0;
  for await (const { name, size, body } of readArchiveEntries(chunksOf(archive), limits)) {
    const digest = digestOfPath(name);
    if (name === 'oci-layout' || name === 'index.json') {
      if (size > documentLimit) throw refused(`${name} has ${size} bytes, at most ${documentLimit} are read`);
      named.set(name, await collect(body));
    } else if (digest) {
      if (blobs.has(digest)) throw refused(`it has the blob ${digest} twice`);
      blobs.set(digest, size);
      if (size > limits.documentBytes || kept + size > limits.documentsBytes) continue;
      kept += size;
      documents.set(digest, await collect(body));
    }
  }
  requireLayout(named.get('oci-layout'));
  const index = named.get('index.json');
  if (!index) throw refused('it has no index.json');
  return {
    index: parseIndex(index),
    blobs,
    async readDocument({ digest, size }) {
      if (!blobs.has(digest)) throw missingBlob(digest);
      const bytes = documents.get(digest);
      if (!bytes) throw damagedBlob(digest, 'is too large for a document');
      if (bytes.length !== size) throw damagedBlob(digest, `has ${bytes.length} bytes, expected ${size}`);
      if ((await digestOf(bytes)) !== digest) throw damagedBlob(digest, 'is not what its digest says');
      return bytes;
    },
  };
}

export interface ArchivedBlob {
  readonly digest: Digest;
  readonly size: number;
  /** Fails with `DataLoss`, at its end, when the bytes are not what the digest says. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The blobs of an archive, in its order, whose digests are `wanted`. One that is not read is skipped. */
export async function* readArchiveBlobs(
  archive: ReadableStream<Uint8Array>,
  wanted: ReadonlySet<Digest>,
  limits: ArchiveLimits = defaultLimits,
): AsyncGenerator<ArchivedBlob> {
  for await (const { name, size, body } of readArchiveEntries(chunksOf(archive), limits)) {
    const digest = digestOfPath(name);
    if (digest && wanted.has(digest)) yield { digest, size, bytes: verified(digest, body) };
  }
}

export function missingBlob(digest: Digest): SandboxError {
  return new SandboxError('DataLoss', `The archive lacks the blob ${digest}`, { details: { digest } });
}

async function* verified(digest: Digest, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const digester = await createDigester();
  for await (const chunk of body) {
    digester.update(chunk);
    yield chunk;
  }
  if (digester.digest() !== digest) throw damagedBlob(digest, 'is not what its digest says');
}

/** `FailedPrecondition` for a layout of another version, `InvalidArgument` for none. */
export function requireLayout(bytes: Uint8Array | undefined): void {
  if (!bytes) throw refused('it has no oci-layout file');
  let version: unknown;
  try {
    version = (JSON.parse(new TextDecoder().decode(bytes)) as { imageLayoutVersion?: unknown } | null)
      ?.imageLayoutVersion;
  } catch {
    throw refused('its oci-layout file is not JSON');
  }
  if (version === '1.0.0') return;
  const message = `An image layout of version ${shorten(String(version))}: this page reads 1.0.0`;
  throw new SandboxError('FailedPrecondition', message);
}

/** The digest of the blob that a path of a layout names, if it names one. */
export function digestOfPath(name: string): Digest | undefined {
  const digest = name.startsWith(blobFolder) ? `sha256:${name.slice(blobFolder.length)}` : '';
  return isDigest(digest) ? digest : undefined;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not an archive of an OCI image layout: ${what}`);
}

function damagedBlob(digest: Digest, what: string): SandboxError {
  return new SandboxError('DataLoss', `The blob ${digest} of the archive ${what}`, { details: { digest } });
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
