import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { chunksOf } from '../../src/base/streams';
import { archiveFiles } from '../../src/storage/images/archive-source';
import { collectBytes } from '../../src/storage/images/image-fixture';
import { loadImages } from '../../src/storage/images/load-images';
import { type ArchiveFormat, saveImages } from '../../src/storage/images/save-images';
import { createMemoryContentStore, type OpenedStore } from '../../src/storage/open-content-store';

const skopeo = findProgram('skopeo');
const fixtures = join(import.meta.dirname, '../fixtures/archives');

const run = async (program: string, ...args: string[]): Promise<Buffer> =>
  (await promisify(execFile)(program, args, { encoding: 'buffer', maxBuffer: 2 ** 26 })).stdout;
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Each with the names of its images, in order; one without a name is an empty list. */
const archives: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'docker-19.tar': [['extraction.test:latest']],
  'docker-24.tar': [['overwrite-file:latest']],
  'docker-25.tar': [[]],
  'docker-linked.tar': [['bazel/v1/tarball:test_image_1'], ['bazel/v1/tarball:test_image_3']],
  'bazel.tar': [['test_image_2:latest'], ['test_image_1:latest']],
  'jib.tar': [['extraction.test:latest']],
  'buildkit-gzip.tar': [[]],
  'buildkit-zstd.tar': [[]],
  'buildkit-estargz.tar': [[]],
  'buildkit-uncompressed.tar': [[]],
};
const names = Object.keys(archives);
const isLayout = (name: string): boolean => name.startsWith('buildkit-');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-archives-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function load(path: string) {
  const into = createMemoryContentStore();
  const stream = new Blob([await readFile(path)]).stream() as ReadableStream<Uint8Array>;
  const loaded = await loadImages(into.images, archiveFiles({ kind: 'tar', pieces: chunksOf(stream) }));
  return { into, loaded };
}

/** What a store has of each image, by its digest. */
async function imagesOf({ images }: OpenedStore) {
  const { images: records } = await images.records();
  return new Map(
    records.map(({ descriptor, references, variants }) => [
      descriptor.digest,
      { references, variants: variants.map(({ config, layers }) => ({ config, layers })) },
    ]),
  );
}

/** What the archive itself says: of each image the digest of its config, and what is to come out of its layers. */
async function toldBy(path: string): Promise<readonly { readonly config: string; readonly diffIds: string[] }[]> {
  const file = (name: string): Promise<Buffer> => run('tar', '-xOf', path, name);
  const configs: string[] = [];
  if (isLayout(path.slice(path.lastIndexOf('/') + 1))) {
    const blob = (digest: string): Promise<Buffer> => file(`blobs/${digest.replace(':', '/')}`);
    for (const { digest } of JSON.parse((await file('index.json')).toString()).manifests) {
      configs.push(`blobs/${JSON.parse((await blob(digest)).toString()).config.digest.replace(':', '/')}`);
    }
  } else {
    for (const { Config, config } of JSON.parse((await file('manifest.json')).toString()))
      configs.push(Config ?? config);
  }
  return Promise.all(
    configs.map(async (name) => {
      const bytes = await file(name);
      return { config: sha256(bytes), diffIds: JSON.parse(bytes.toString()).rootfs.diff_ids };
    }),
  );
}

it('knows every archive there is', async () => {
  expect((await readdir(fixtures)).filter((name) => name.endsWith('.tar'))).toEqual([...names].sort());
});

describe.each(names)('%s', (name) => {
  const path = join(fixtures, name);

  it('is loaded with its names, and with the configs and layers that it tells of', async () => {
    const { into, loaded } = await load(path);
    expect(loaded.map(({ references }) => references)).toEqual(archives[name]);
    const kept = await imagesOf(into);
    const variants = loaded.flatMap(({ id }) => kept.get(id)?.variants ?? []);
    expect(variants.map(({ config, layers }) => ({ config, diffIds: layers.map(({ diffId }) => diffId) }))).toEqual(
      await toldBy(path),
    );
  });

  it.each<ArchiveFormat>(['docker-archive', 'oci-archive'])(
    'is saved again as %s, with the same digests and the same bytes each time',
    async (format) => {
      const { into, loaded } = await load(path);
      const ids = loaded.map(({ id }) => id);
      const save = async (from: OpenedStore) => collectBytes(chunksOf(await saveImages(from.images, ids, format)));
      const saved = join(folder, 'saved.tar');
      await writeFile(saved, await save(into));
      const again = await load(saved);
      expect(await imagesOf(again.into)).toEqual(await imagesOf(into));
      expect(sha256(await save(again.into))).toBe(sha256(await readFile(saved)));
    },
  );

  it.runIf(skopeo)('is the same image to skopeo, as it was and as we save it', async () => {
    const { into, loaded } = await load(path);
    const raw = (image: string): Promise<Buffer> => run(skopeo ?? '', 'inspect', '--raw', image);
    const kept = await imagesOf(into);
    for (const [at, { id }] of loaded.entries()) {
      const theirs = await raw(isLayout(name) ? `oci-archive:${path}` : `docker-archive:${path}:@${at}`);
      if (isLayout(name)) expect(sha256(theirs)).toBe(id);
      else expect(JSON.parse(theirs.toString()).config.digest).toBe(kept.get(id)?.variants[0]?.config);
      const ours = join(folder, `ours-${at}.tar`);
      await writeFile(ours, await collectBytes(chunksOf(await saveImages(into.images, [id], 'oci-archive'))));
      expect(sha256(await raw(`oci-archive:${ours}`))).toBe(id);
    }
  });
});

it('takes one image in three compressions for the same files', async () => {
  const three = await Promise.all(
    ['gzip', 'zstd', 'uncompressed'].map(async (name) => {
      const { into } = await load(join(fixtures, `buildkit-${name}.tar`));
      const [image] = (await imagesOf(into)).values();
      return image?.variants.map(({ config, layers }) => ({ config, diffIds: layers.map(({ diffId }) => diffId) }));
    }),
  );
  expect(three[1]).toEqual(three[0]);
  expect(three[2]).toEqual(three[0]);
});
