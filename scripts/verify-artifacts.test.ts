import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LayoutFixture } from '../test/fixtures/oci-layout';
import { verifyLayout } from './verify-artifacts.mjs';

let layout: LayoutFixture;
let layer: string;

beforeEach(async () => {
  layout = await LayoutFixture.create();
  layer = (await layout.addArtifact('strata/kernel:6.1', Buffer.from('a kernel'))).layer.digest;
  await layout.addImage('strata/tiny:1');
});

afterEach(() => layout[Symbol.asyncDispose]());

describe('verifying an image layout', () => {
  it('finds nothing wrong with a sound one', async () => {
    expect(await verifyLayout(layout.dir)).toEqual([]);
  });

  it('names the blob in which a bit has flipped', async () => {
    const bytes = await readFile(layout.path(layer));
    bytes[0]! ^= 1;
    await writeFile(layout.path(layer), bytes);
    expect(await verifyLayout(layout.dir)).toContainEqual(expect.stringMatching(`^${layer} holds sha256:`));
  });

  it('names the blob that is longer than it should be', async () => {
    await appendFile(layout.path(layer), 'x');
    expect(await verifyLayout(layout.dir)).toContainEqual(expect.stringContaining(layer));
  });

  it('names the blob that is missing', async () => {
    await rm(layout.path(layer));
    expect(await verifyLayout(layout.dir)).toEqual([`${layer} is referred to but not there, or damaged`]);
  });

  it('names the blob that nothing refers to', async () => {
    const { digest } = await layout.addBlob('application/octet-stream', Buffer.from('an orphan'));
    expect(await verifyLayout(layout.dir)).toEqual([`Nothing refers to ${digest}`]);
  });

  it('names the descriptor with a wrong size', async () => {
    const blob = await layout.addBlob('application/octet-stream', Buffer.from('four'));
    const manifest = await layout.addManifest({ ...blob, size: 5 }, []);
    await layout.tag('strata/wrong:1', manifest);
    expect(await verifyLayout(layout.dir)).toEqual([`${blob.digest} has 4 bytes, its descriptor says 5`]);
  });

  it('wants the layout file', async () => {
    await rm(join(layout.dir, 'oci-layout'));
    expect(await verifyLayout(layout.dir)).toEqual(['oci-layout is missing or of another version']);
  });
});
