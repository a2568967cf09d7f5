import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { digestOf } from '../formats/digest';
import { annotations, type Manifest, mediaTypes } from '../formats/oci';
import type { ArtifactLoader } from './store-client';
import { createStores } from './stores-fixture';
import { imageLabel, moduleStem, UnikernelLibrary } from './unikernel-library';

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** An artifact of these layers, by title. */
async function artifactOf(reference: string, type: string, layers: Readonly<Record<string, string>>) {
  const described = Object.entries(layers).map(async ([title, text]) => ({
    mediaType: mediaTypes.unikernelLayer,
    digest: await digestOf(bytesOf(text)),
    size: text.length,
    annotations: { [annotations.title]: title },
  }));
  const config = { mediaType: mediaTypes.emptyConfig, digest: await digestOf(bytesOf('{}')), size: 2 };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: type,
    config,
    layers: await Promise.all(described),
  };
  return { artifact: { reference, descriptor: config, manifest }, texts: Object.values(layers) };
}

async function setUp() {
  const artifacts = [
    await artifactOf('strata/unikernel-kv:1', mediaTypes.unikernel, { 'kv.wasm': 'kv' }),
    await artifactOf('strata/unikernel-lb:1', mediaTypes.unikernel, { 'lb.asyncify.wasm': 'slow', 'lb.wasm': 'fast' }),
    await artifactOf('strata/kernel:6.1', mediaTypes.kernel, { bzImage: 'kernel' }),
  ];
  const find = (reference: string) => {
    const found = artifacts.find(({ artifact }) => artifact.reference === reference);
    if (!found) throw new SandboxError('NotFound', `No such artifact: ${reference}`);
    return found;
  };
  const loader: ArtifactLoader = {
    resolve: async (reference) => find(reference).artifact,
    load: async ({ reference, part }) => bytesOf(find(reference).texts[Number(part)] ?? '').buffer,
  };
  const { blobs } = await createStores();
  return new UnikernelLibrary(loader, blobs);
}

describe('the library of unikernels', () => {
  it('offers what the registry has', async () => {
    const library = await setUp();
    expect((await library.offers()).map(({ name }) => name)).toEqual(['kv', 'lb']);
  });

  it('gives a module, and its build for browsers that need one', async () => {
    const library = await setUp();
    const text = async (variant: 'module' | 'asyncify') =>
      new TextDecoder().decode((await library.load('strata/unikernel-lb:1', variant)).bytes);
    expect([await text('module'), await text('asyncify')]).toEqual(['fast', 'slow']);
  });

  it.each<[string, 'module' | 'asyncify', string]>([
    ['strata/unikernel-kv:1', 'asyncify', 'NotFound'],
    ['strata/unikernel-none:1', 'module', 'NotFound'],
    ['strata/kernel:6.1', 'module', 'InvalidArgument'],
    [`local/mine@sha256:${'0'.repeat(64)}`, 'module', 'NotFound'],
    [`local/mine@sha256:${'0'.repeat(64)}`, 'asyncify', 'NotFound'],
  ])('refuses %s as %s: %s', async (image, variant, code) => {
    await expect((await setUp()).load(image, variant)).rejects.toMatchObject({ code });
  });

  it.each([
    ['strata/unikernel-httpd:1', 'httpd', 'strata/unikernel-httpd:1'],
    ['local/my-thing@sha256:00', 'my-thing', 'local/my-thing'],
    ['UPPER_case.2', 'upper-case-2', 'UPPER_case.2'],
    ['strata/unikernel-', 'unikernel', 'strata/unikernel-'],
  ])('calls an instance of %s %s, and the image %s', (image, stem, label) => {
    expect(moduleStem(image)).toBe(stem);
    expect(imageLabel(image)).toBe(label);
  });
});
