import { concatBytes } from '../../../base/bytes';
import { chunksOf, streamOf } from '../../../base/streams';
import { serializeTarEntry, tarEnd, tarPadding } from '../../../formats/tar/tar-writer';

/** What tells a tar is within its first block. */
const headBytes = 512;

/** How archives begin that docker knows (moby, pkg/archive): gzip, bzip2, xz, zstd. */
const compressed = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'];

/** The context of `docker build -`: the tar that comes by the input, or a context of the Dockerfile that comes. */
export async function inputContext(
  stdin: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<ReadableStream<Uint8Array>> {
  const chunks = chunksOf(stdin);
  const head: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length < headBytes) {
    const { done, value } = await chunks.next();
    if (done || !value) break;
    head.push(value);
    length += value.length;
  }
  async function* whole(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield* head;
    yield* chunks;
  }
  if (isArchive(concatBytes(head))) return streamOf(whole());
  const text = new Uint8Array(await new Response(streamOf(whole())).arrayBuffer());
  const entry = { path: 'Dockerfile', kind: 'file', mode: 0o644, uid: 0, gid: 0, target: '', mtime: 0 } as const;
  const header = serializeTarEntry({ ...entry, size: text.length, device: { major: 0, minor: 0 } });
  return new Blob([header, text, tarPadding(text.length), tarEnd]).stream();
}

function isArchive(head: Uint8Array): boolean {
  const hex = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (compressed.some((magic) => hex.startsWith(magic))) return true;
  return new TextDecoder().decode(head.subarray(257, 262)) === 'ustar';
}
