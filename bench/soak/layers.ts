import { gzipSync } from 'node:zlib';
import { SandboxError } from '../../src/base/errors';
import type { SeededRandom } from '../../src/base/seeded-random';
import { entry, indexTar, pathsOf, tarOf } from '../../src/formats/layer/layer-tar-fixture';
import { describeBlob, inChunks } from '../../src/storage/layers/layer-fixture';
import { LayerStore } from '../../src/storage/layers/layer-store';
import { createMemoryContentStore } from '../../src/storage/open-content-store';

const mutations = 1_000_000;
const damagedBlobs = 5000;

/** Tars that were changed at random and layers that were damaged, in full counts. */
export async function hostileLayers(random: SeededRandom): Promise<void> {
  const tar = await sampleTar();
  const slowestMs = mutateTars(tar, random);
  console.log(`${mutations} changed tars: each a tree or a typed error, the slowest after ${slowestMs.toFixed(0)} ms`);
  await damageBlobs(tar, random);
  console.log(`${damagedBlobs} damaged layers: each refused as DataLoss, and nothing kept`);
}

function sampleTar(): Promise<Uint8Array<ArrayBuffer>> {
  return tarOf([
    entry.directory('usr/', { pax: { 'SCHILY.xattr.user.x': 'value' } }),
    entry.file(`usr/${'long'.repeat(40)}`, 'b'.repeat(600)),
    entry.file('usr/.wh.gone'),
    entry.symlink('s', 'usr'),
    entry.link('l', `usr/${'long'.repeat(40)}`),
  ]);
}

/** Changes a few bytes of the tar again and again. Returns the longest that one took; milliseconds. */
function mutateTars(sound: Uint8Array, random: SeededRandom): number {
  let slowest = 0;
  for (let run = 0; run < mutations; run += 1) {
    const tar = sound.slice();
    for (let edit = random.below(6); edit >= 0; edit -= 1) {
      const at = random.below(tar.length);
      tar[at] = random.below(256);
      if (random.below(2) === 0) repairChecksum(tar, at - (at % 512));
    }
    const begun = performance.now();
    requireTreeOrError(tar);
    slowest = Math.max(slowest, performance.now() - begun);
  }
  return slowest;
}

function requireTreeOrError(tar: Uint8Array): void {
  try {
    for (const path of pathsOf(indexTar(tar)).keys()) {
      if (path.split('/').some((name) => ['', '.', '..'].includes(name)))
        throw new Error(`A path leads outside: ${path}`);
    }
  } catch (error) {
    if (!(error instanceof SandboxError && error.code === 'InvalidArgument')) throw error;
  }
}

function repairChecksum(tar: Uint8Array, at: number): void {
  const put = (text: string): void => tar.set(new TextEncoder().encode(text), at + 148);
  put('        ');
  const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `);
}

async function damageBlobs(tar: Uint8Array, random: SeededRandom): Promise<void> {
  const blob = gzipSync(tar);
  const sound = await describeBlob(blob);
  const { store, records } = createMemoryContentStore();
  const layers = new LayerStore(store, records);
  for (let run = 0; run < damagedBlobs; run += 1) {
    const damaged = new Uint8Array(blob);
    const at = random.below(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
    const refused = await layers.put(sound, inChunks(damaged)).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(refused instanceof SandboxError && refused.code === 'DataLoss'))
      throw new Error(`Taken with a flipped bit at ${at}`);
  }
  if ((await store.list()).length > 0) throw new Error('Something was kept of a damaged layer');
}
