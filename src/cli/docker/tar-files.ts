import { chunksOf, streamOf } from '../../base/streams';
import { serializeTarEntry, tarEnd, tarPadding, type WrittenEntry } from '../../formats/tar/tar-writer';
import type { FileArea, FileStat } from '../file-area';

export interface TarOptions {
  /** What stays out, by its path below the folder. */
  readonly excludes?: (path: string) => boolean;
  /** Name of the top in the tar; empty: what is in the folder, without it. */
  readonly as?: string;
  /** Texts of files at the top of a folder without a name, in place of those that are there. */
  readonly own?: ReadonlyMap<string, string>;
}

/** A file or a folder of a file area as a tar. */
export function tarOf(
  files: FileArea,
  path: string,
  stat: FileStat,
  options: TarOptions = {},
): ReadableStream<Uint8Array> {
  return streamOf(pieces(files, path, stat, options));
}

async function* pieces(
  files: FileArea,
  path: string,
  stat: FileStat,
  { excludes = () => false, as = '', own = new Map() }: TarOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [name, text] of own) {
    const bytes = new TextEncoder().encode(text);
    yield serializeTarEntry(header(name, { kind: 'file', size: bytes.length, modified: stat.modified }));
    yield bytes;
    yield tarPadding(bytes.length);
  }
  yield* entryOf(path, stat, as, '');
  yield tarEnd;

  async function* entryOf(at: string, each: FileStat, name: string, below: string): AsyncGenerator<Uint8Array> {
    if (each.kind === 'file') {
      yield serializeTarEntry(header(name, each));
      for await (const chunk of chunksOf(await files.read(at))) yield chunk;
      yield tarPadding(each.size);
      return;
    }
    if (name !== '') yield serializeTarEntry(header(name, each));
    for (const entry of await files.list(at)) {
      const inner = below === '' ? entry.name : `${below}/${entry.name}`;
      // A folder that is excluded is gone through all the same: a rule may bring back what is in it.
      if (own.has(inner) || (excludes(inner) && entry.kind === 'file')) continue;
      yield* entryOf(
        `${at.replace(/\/$/, '')}/${entry.name}`,
        entry,
        name === '' ? entry.name : `${name}/${entry.name}`,
        inner,
      );
    }
  }
}

function header(path: string, { kind, size, modified, executable }: FileStat): WrittenEntry {
  return {
    kind: kind === 'folder' ? 'directory' : 'file',
    path,
    target: '',
    mode: kind === 'folder' || executable ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    mtime: Math.floor(modified / 1000),
    size,
    device: { major: 0, minor: 0 },
  };
}
