import { createTarDecoder } from 'modern-tar';
import { chunksOf } from '../../../base/streams';
import type { CommandIo } from '../../command-io';

/**
 * Puts files and folders of a tar where `place` says. Links, devices and permissions are left out: the file area has none.
 * Returns the bytes of all files. A name cannot lead out of the place: what has `..` in it is refused.
 */
export async function extractTar(
  tar: ReadableStream<Uint8Array<ArrayBuffer>>,
  { files, stderr, signal }: Pick<CommandIo, 'files' | 'stderr' | 'signal'>,
  place: (name: string) => string,
): Promise<number> {
  let bytes = 0;
  for await (const { header, body } of chunksOf(tar.pipeThrough(createTarDecoder()))) {
    const name = header.name.replace(/^\.?\/+/, '').replace(/\/+$/, '');
    if (name.split('/').includes('..')) throw new Error(`invalid path in the archive: ${JSON.stringify(header.name)}`);
    const path = place(name);
    if (header.type === 'directory') {
      if (!(await files.stat(path))) await files.makeFolder(path);
      await body.cancel();
    } else if (header.type === 'file') {
      bytes += header.size;
      const executable = ((header.mode ?? 0) & 0o111) !== 0;
      await body.pipeTo(await files.write(path, { executable }), { signal });
    } else {
      await stderr.write(`${path}: a ${header.type} cannot be kept here, left out\n`);
      await body.cancel();
    }
  }
  return bytes;
}
