import type { Digest } from '../../api/content-store';
import type { Lease } from '../../api/image';
import type { Operation } from '../../api/operation';
import { concatBytes } from '../../base/bytes';
import { SandboxError, throwIfAborted } from '../../base/errors';
import type { ArchiveFile } from '../../formats/archive-entries';
import { layerMediaType } from '../../formats/layer-type';
import { digestOfPath } from '../../formats/oci-archive';
import { documentLimit } from '../../formats/oci-parse';
import type { ImageStore } from './image-store';
import { sniffLayer } from './sniff-layer';

/** A file of an archive as it lies in the store. */
export interface SpooledFile {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** What an archive had, after one pass over it. */
export interface SpooledArchive {
  /** `index.json`, `manifest.json` and `oci-layout`, where they were. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  /** `InvalidArgument` for a path that the archive did not have. */
  find(path: string): SpooledFile;
}

const documentNames: readonly string[] = ['index.json', 'manifest.json', 'oci-layout'];

/** What docker's older archives have for dockers that are older still. */
const uselessName = /(^|\/)(VERSION|json|repositories)$/;

/** Links to links; docker makes none. */
const linkLimit = 8;

/**
 * Puts every file of an archive into the store, as a blob that the lease holds. What each is, is told by documents
 * that may come last, so nothing has to wait for them in memory.
 */
export async function spoolArchive(
  store: ImageStore,
  files: AsyncIterable<ArchiveFile>,
  lease: Lease,
  { signal }: Operation,
): Promise<SpooledArchive> {
  const documents = new Map<string, Uint8Array>();
  const spooled = new Map<string, SpooledFile>();
  const links = new Map<string, string>();
  for await (const { name, size, body, link } of files) {
    throwIfAborted(signal);
    if (documents.has(name) || spooled.has(name) || links.has(name)) throw refused(`it has ${shorten(name)} twice`);
    if (link !== undefined) links.set(name, link);
    else if (documentNames.includes(name)) documents.set(name, await collect(name, size, body));
    else if (!uselessName.test(name)) spooled.set(name, await spool(store, { name, size, body }, lease, signal));
  }
  const find = (path: string): SpooledFile => {
    let name = path;
    for (let step = 0; step < linkLimit && links.has(name); step += 1) name = links.get(name) ?? '';
    const file = spooled.get(name);
    if (!file) throw refused(`it lacks ${shorten(path)}`);
    return file;
  };
  return { documents, find };
}

async function spool(
  store: ImageStore,
  { name, size, body }: ArchiveFile,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<SpooledFile> {
  const operation = signal ? { signal } : {};
  const digest = digestOfPath(name);
  if (digest === undefined) {
    const blob = await store.add(body, lease, operation);
    return { digest: blob.digest, size: blob.size };
  }
  // What looks like a layer is unpacked at once. If it is none, nobody asks for it as one.
  const { layer, bytes } = await sniffLayer(body);
  const mediaType = layer === undefined ? 'application/octet-stream' : layerMediaType(layer);
  await store.put({ mediaType, digest, size }, bytes, lease, operation);
  return { digest, size };
}

async function collect(name: string, size: number, body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (size > documentLimit) throw refused(`${name} has ${size} bytes, at most ${documentLimit} are read`);
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part.slice());
  return concatBytes(parts);
}

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not an archive of images: ${what}`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
