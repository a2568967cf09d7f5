import type { Digest } from '../../api/content-store';
import type { LayerNode } from '../../api/layer';
import { throwIfAborted } from '../../base/errors';
import { createDigester, type Digester, emptyDigest } from '../../formats/digest';
import type { LayerStore } from '../layers/layer-store';

/** A file of a layer. */
export interface LayerFile {
  readonly layer: Digest;
  readonly inode: number;
  readonly node: LayerNode;
}

/** Bytes between two files that are rather read than passed over: headers and what was left out. */
const gapBytes = 64 * 1024;

/** What files have in them, as digests. Files that lie beside each other in a tar are read in one go. */
export class FileDigests {
  readonly #layers: LayerStore;
  readonly #known = new Map<string, Digest>();

  constructor(layers: LayerStore) {
    this.#layers = layers;
  }

  /** Of each of the files, in their order. */
  async of(files: readonly LayerFile[], signal?: AbortSignal): Promise<readonly Digest[]> {
    const wanted = new Map(files.filter((file) => !this.#known.has(keyOf(file))).map((file) => [keyOf(file), file]));
    for (const run of runsOf([...wanted.values()])) {
      throwIfAborted(signal);
      await this.#read(run);
    }
    return files.map((file) => this.#known.get(keyOf(file)) ?? emptyDigest);
  }

  async #read(run: readonly LayerFile[]): Promise<void> {
    const [first] = run;
    if (!first) return;
    if (first.node.parts || first.node.size === 0) {
      const digester = await createDigester();
      for await (const piece of this.#layers.readFile(first.layer, first.node)) digester.update(piece);
      this.#known.set(keyOf(first), digester.digest());
      return;
    }
    let position = first.node.offset;
    let at = 0;
    let digester: Digester | undefined;
    for await (const piece of this.#layers.readTar(first.layer, { start: position, end: endOf(run.at(-1) ?? first) })) {
      let from = 0;
      while (from < piece.length) {
        const file = run[at];
        if (!file) break;
        const { offset, size } = file.node;
        if (position < offset) {
          const skipped = Math.min(offset - position, piece.length - from);
          from += skipped;
          position += skipped;
          continue;
        }
        digester ??= await createDigester();
        const taken = Math.min(offset + size - position, piece.length - from);
        digester.update(piece.subarray(from, from + taken));
        from += taken;
        position += taken;
        if (position < offset + size) continue;
        this.#known.set(keyOf(file), digester.digest());
        digester = undefined;
        at += 1;
      }
    }
  }
}

/** Files that are read together, in the order of the tar. Sparse and empty ones are each alone. */
function runsOf(files: readonly LayerFile[]): readonly (readonly LayerFile[])[] {
  const alone = files.filter(({ node }) => node.parts !== undefined || node.size === 0).map((file) => [file]);
  const plain = files.filter(({ node }) => node.parts === undefined && node.size > 0);
  const sorted = plain.toSorted((a, b) =>
    a.layer === b.layer ? a.node.offset - b.node.offset : a.layer < b.layer ? -1 : 1,
  );
  const runs: LayerFile[][] = [];
  for (const file of sorted) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const isNear =
      last?.layer === file.layer && file.node.offset - endOf(last) <= gapBytes && file.node.offset >= endOf(last);
    if (run && isNear) run.push(file);
    else runs.push([file]);
  }
  return [...alone, ...runs];
}

function endOf({ node }: LayerFile): number {
  return node.offset + node.size;
}

function keyOf({ layer, inode }: LayerFile): string {
  return `${layer}/${inode}`;
}
