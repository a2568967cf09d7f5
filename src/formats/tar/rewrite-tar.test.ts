import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { rewriteTar } from './rewrite-tar';
import type { TarEntry } from './tar-entry';
import { TarScanner } from './tar-scanner';
import { serializeTarEntry, tarEnd, tarPadding, type WrittenEntry } from './tar-writer';

const plain = { target: '', mode: 0o644, uid: 7, gid: 8, mtime: 9, size: 0, device: { major: 0, minor: 0 } } as const;
const long = `deep/${'x'.repeat(150)}`;

const contents = new Map([
  ['one', 'x'.repeat(700)],
  ['gone', 'never seen'],
  [long, 'y'.repeat(512)],
]);

function archive(): Uint8Array<ArrayBuffer> {
  const entries: WrittenEntry[] = [
    { ...plain, kind: 'directory', path: './' },
    ...[...contents].map(
      ([path, text]): WrittenEntry => ({ ...plain, kind: 'file', path: `./${path}`, size: text.length }),
    ),
    { ...plain, kind: 'link', path: './two', target: './one', xattrs: new Map([['user.x', new Uint8Array([0, 255])]]) },
    { ...plain, kind: 'file', path: './empty' },
  ];
  const pieces = entries.flatMap((entry) => {
    const text = new TextEncoder().encode(contents.get(entry.path.slice(2)) ?? '').subarray(0, entry.size);
    return [serializeTarEntry(entry), text, tarPadding(text.length)];
  });
  return concatBytes([...pieces, tarEnd]);
}

async function rewritten(chunkBytes: number, bytes = archive()) {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, at) =>
    bytes.slice(at * chunkBytes, (at + 1) * chunkBytes),
  );
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const change = (entry: TarEntry): WrittenEntry | undefined =>
    entry.path === './' || entry.path === './gone'
      ? undefined
      : { ...entry, path: entry.path.slice(2), target: entry.target.replace('./', '') };
  const written: Uint8Array[] = [];
  for await (const piece of rewriteTar(stream, change)) written.push(piece);
  const whole = concatBytes([...written, tarEnd]);
  const found: TarEntry[] = [];
  const scanner = new TarScanner((entry) => found.push(entry));
  scanner.push(whole);
  scanner.finish();
  return found.map(({ path, target, size, offset, uid, xattrs }) => ({
    ...{ path, target, uid, xattrs: [...(xattrs ?? [])].length },
    text: new TextDecoder().decode(whole.subarray(offset, offset + size)),
  }));
}

describe('a tar that is rewritten as it passes', () => {
  it.each([1, 100, 512, 700, 1024, 1_000_000])(
    'has new names, the same contents and nothing else, in pieces of %i',
    async (size) => {
      expect(await rewritten(size)).toEqual([
        { path: 'one', target: '', uid: 7, xattrs: 0, text: contents.get('one') },
        { path: long, target: '', uid: 7, xattrs: 0, text: contents.get(long) },
        { path: 'two', target: 'one', uid: 7, xattrs: 1, text: '' },
        { path: 'empty', target: '', uid: 7, xattrs: 0, text: '' },
      ]);
    },
  );

  it('is refused where it was cut off', async () => {
    await expect(rewritten(512, archive().slice(0, 1200))).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});
