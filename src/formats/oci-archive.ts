import { createTarDecoder, createTarPacker, type ParsedTarEntry } from 'modern-tar';
import type { Digest } from '../api/content-store';
import { concatBytes } from '../base/bytes';
import { SandboxError, toSandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
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
const blobFolder = 'blobs/sha256/';

export interface ArchiveLimits {
  /** Entries, of whatever kind. */
  readonly entries: number;
  /** Bytes of one blob. */
  readonly blobBytes: number;
  /** A blob up to this size is kept while the archive is scanned, as it may be a manifest or a config. */
  readonly documentBytes: number;
  /** Bytes of all blobs that are kept. */
  readonly documentsBytes: number;
}

const defaultLimits: ArchiveLimits = {
  entries: 4096,
  blobBytes: 16 * 1024 ** 3,
  documentBytes: 1024 ** 2,
  documentsBytes: 16 * 1024 ** 2,
};

/** The archive's bytes as they are asked for. The same index and blobs give the same bytes. */
export function writeOciArchive(index: Index, blobs: readonly ArchiveBlob[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, controller } = createTarPacker();
  const add = async (name: string, size: number, chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    const entry = controller.add({ name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 }).getWriter();
    for await (const chunk of chunks) await entry.write(chunk);
    await entry.close();
  };
  const addText = (name: string, text: string): Promise<void> => {
    const bytes = new TextEncoder().encode(text);
    return add(name, bytes.length, once(bytes));
  };
  const write = async (): Promise<void> => {
    await addText('oci-layout', layoutFile);
    await addText('index.json', JSON.stringify(index));
    for (const { digest, size, open } of blobs) await add(blobFolder + digestHex(digest), size, open());
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
  limits: ArchiveLimits = defaultLimits,
): Promise<OciArchive> {
  const blobs = new Map<Digest, number>();
  const documents = new Map<Digest, Uint8Array<ArrayBuffer>>();
  const named = new Map<string, Uint8Array<ArrayBuffer>>();
  let kept = 0;
  for await (const { name, size, body } of readEntries(archive, limits)) {
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
  for await (const { name, size, body } of readEntries(archive, limits)) {
    const digest = digestOfPath(name);
    if (digest && wanted.has(digest)) yield { digest, size, bytes: verified(digest, body) };
  }
}

export function missingBlob(digest: Digest): SandboxError {
  return new SandboxError('DataLoss', `The archive lacks the blob ${digest}`, { details: { digest } });
}

interface FileEntry {
  readonly name: string;
  readonly size: number;
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
}

/** The files of a tar. What the loop does not read of one is skipped. */
async function* readEntries(
  archive: ReadableStream<Uint8Array>,
  limits: ArchiveLimits,
): AsyncGenerator<FileEntry, void, undefined> {
  let count = 0;
  for await (const { header, body } of typed(chunksOf(archive.pipeThrough(asTransform())))) {
    count += 1;
    if (count > limits.entries) throw refused(`it has more than ${limits.entries} entries`);
    const name = header.name.replace(/^\.\//, '');
    const chunks = typed(chunksOf(body));
    if (header.type !== 'directory') {
      if (header.type !== 'file') throw refused(`${shorten(name)} is a ${header.type}`);
      if (header.size > limits.blobBytes) throw refused(`${shorten(name)} has ${header.size} bytes`);
      yield { name, size: header.size, body: chunks };
    }
    for await (const _ of chunks) {
      // What is left of it is in the way of the next.
    }
  }
}

/** The same chunks; an error of the decoder becomes one of ours. */
async function* typed<T>(chunks: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* chunks;
  } catch (error) {
    throw error instanceof SandboxError ? error : notTar(error);
  }
}

/** The decoder's two ends have wider types than `pipeThrough` takes. */
function asTransform(): ReadableWritablePair<ParsedTarEntry, Uint8Array> {
  return createTarDecoder({ strict: true });
}

/** The decoder has no types of errors; a tar that ends too early is the one that is worth telling apart. */
function notTar(thrown: unknown): SandboxError {
  const { message } = toSandboxError(thrown);
  return /truncated/.test(message)
    ? new SandboxError('DataLoss', 'The archive ends too early: it was not copied whole', { cause: thrown })
    : new SandboxError('InvalidArgument', `Not an archive: it is no tar file (${message})`, { cause: thrown });
}

async function* verified(digest: Digest, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const digester = await createDigester();
  for await (const chunk of body) {
    digester.update(chunk);
    yield chunk;
  }
  if (digester.digest() !== digest) throw damagedBlob(digest, 'is not what its digest says');
}

function requireLayout(bytes: Uint8Array | undefined): void {
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

function digestOfPath(name: string): Digest | undefined {
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
