import type { BuildContext, ContextFile } from '../../api/build';
import { chunksOf, streamOf } from '../../base/streams';
import { serializeTarEntry, tarEnd, tarPadding } from '../../formats/tar/tar-writer';
import type { ImageBytes } from '../store-life';

/** The bytes of a context as a tar. */
export function contextTar(context: BuildContext): ImageBytes {
  return context.kind === 'tar' ? context.tar : streamOf(tarOf(context.files));
}

async function* tarOf(files: Extract<BuildContext, { kind: 'files' }>['files']): AsyncGenerator<Uint8Array> {
  for await (const file of files) {
    const size = file.bytes instanceof Blob ? file.bytes.size : file.bytes.length;
    yield serializeTarEntry(headerOf(file, size));
    if (file.bytes instanceof Blob) yield* chunksOf(file.bytes.stream());
    else yield file.bytes;
    yield tarPadding(size);
  }
  yield tarEnd;
}

function headerOf({ path, mode = 0o644, modifiedAt = 0 }: ContextFile, size: number) {
  const mtime = Math.floor(modifiedAt / 1000);
  const device = { major: 0, minor: 0 };
  return { kind: 'file' as const, path, target: '', mode, uid: 0, gid: 0, mtime, size, device };
}
