import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { SandboxError, toSandboxError } from '../base/errors';
import { chunksOf, streamOf } from '../base/streams';

export interface ArchiveLimits {
  /** Entries, of whatever kind. */
  readonly entries: number;
  /** Bytes of one file. */
  readonly blobBytes: number;
}

/** A file of an archive of images. */
export interface ArchiveFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  /** Another file of the archive that this one is the same as; then it has no bytes of its own. */
  readonly link?: string;
}

/**
 * The files of a tar. What the loop does not read of one is skipped. Only where `links` are asked for may a file be a
 * link to another one; docker saves a layer that several images have so. Errors: `InvalidArgument` for what is no
 * tar or beyond the limits, `DataLoss` for one that was cut off.
 */
export async function* readArchiveEntries(
  archive: ReadableStream<Uint8Array>,
  limits: ArchiveLimits,
  { links = false }: { readonly links?: boolean } = {},
): AsyncGenerator<ArchiveFile, void, undefined> {
  let count = 0;
  const expected = { bytes: 0 };
  const bounded = streamOf(withoutEndlessEnd(chunksOf(archive), expected));
  for await (const { header, body } of typed(chunksOf(bounded.pipeThrough(asTransform())))) {
    count += 1;
    expected.bytes += header.size + headerBytes;
    if (count > limits.entries) throw refused(`it has more than ${limits.entries} entries`);
    const name = header.name.replace(/^\.\//, '');
    const chunks = typed(chunksOf(body));
    const isLink = links && (header.type === 'symlink' || header.type === 'link');
    if (header.type !== 'directory') {
      if (header.type !== 'file' && !isLink) throw refused(`${shorten(name)} is a ${header.type}`);
      if (header.size > limits.blobBytes) throw refused(`${shorten(name)} has ${header.size} bytes`);
      const link = isLink ? targetOf(name, header.type === 'symlink', header.linkname ?? '') : undefined;
      yield { name, size: header.size, body: chunks, ...(link !== undefined && { link }) };
    }
    for await (const _ of chunks) {
      // What is left of it is in the way of the next.
    }
  }
}

/** A header, and what an entry is padded by at most. */
const headerBytes = 1024;
/** More than what extended headers, padding and reading ahead come to. */
const slackBytes = 8 * 1024 * 1024;

/** The same bytes, as long as they belong to files: behind the last one the decoder would pass over zeros for ever. */
async function* withoutEndlessEnd(
  chunks: AsyncIterable<Uint8Array>,
  expected: { readonly bytes: number },
): AsyncGenerator<Uint8Array> {
  let taken = 0;
  for await (const chunk of chunks) {
    taken += chunk.length;
    if (taken - expected.bytes > slackBytes + chunk.length) throw refused('too much follows its last file');
    yield chunk;
  }
}

/** A symbolic link starts from its own folder, a hard link from the archive's root. It is only ever looked up by name. */
function targetOf(name: string, symbolic: boolean, target: string): string {
  const path: string[] = symbolic ? name.split('/').slice(0, -1) : [];
  for (const part of target.split('/')) {
    if (part === '..') path.pop();
    else if (part !== '.' && part !== '') path.push(part);
  }
  return path.join('/');
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

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not an archive of images: ${what}`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
