import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';
import { type ArchiveFile, type ArchiveLimits, readArchiveEntries } from '../../formats/archive-entries';
import { magicLength, sniffCompression } from '../../formats/layer-type';
import { gunzip } from '../layers/gunzip';

/** Where images come from: one tar, maybe compressed by gzip, or the files of a folder. */
export type ArchiveSource =
  | { readonly kind: 'tar'; readonly pieces: AsyncGenerator<Uint8Array, void, undefined> }
  | { readonly kind: 'folder'; readonly files: readonly FolderFile[] };

export interface FolderFile {
  /** From the folder, with slashes. */
  readonly path: string;
  readonly content: Blob;
}

/** What is read of an archive at most; docker writes three files for each layer. */
const limits: ArchiveLimits = { entries: 20_000, blobBytes: 16 * 1024 ** 3 };

/** The files of an archive as they come. Errors as of {@link readArchiveEntries}. */
export async function* archiveFiles(source: ArchiveSource): AsyncGenerator<ArchiveFile, void, undefined> {
  if (source.kind === 'tar') {
    yield* readArchiveEntries(await decompressed(source.pieces), limits, { links: true });
    return;
  }
  if (source.files.length > limits.entries) {
    throw new SandboxError('InvalidArgument', `The folder has more than ${limits.entries} files`);
  }
  for (const { path, content } of source.files) {
    yield { name: path.replace(/^(\.?\/)+/, ''), size: content.size, body: chunksOf(content.stream()) };
  }
}

/** The same bytes, less the gzip around them where there is one. */
async function decompressed(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
  let head = new Uint8Array();
  while (head.length < magicLength) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = concatBytes([head, value]);
  }
  const whole = withHead(head, chunks);
  switch (sniffCompression(head)) {
    case 'none':
      return whole;
    case 'gzip':
      return gunzip(whole);
    case 'zstd':
      throw new SandboxError('Unimplemented', 'The archive is compressed by zstd as a whole; unpack it and try again');
  }
}

async function* withHead(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (head.length > 0) yield head;
  yield* rest;
}
