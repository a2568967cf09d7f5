import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { verifyLayout } from '../../scripts/verify-artifacts.mjs';
import type { Descriptor } from '../../src/formats/oci';
import { LayoutFixture } from '../fixtures/oci-layout';

const skopeo = findProgram('skopeo');

describe.runIf(skopeo)('skopeo pulls from our registry', () => {
  let layout: LayoutFixture;
  let server: Awaited<ReturnType<typeof startServer>>;
  let folder: string;
  let image: Descriptor;
  let artifact: Awaited<ReturnType<LayoutFixture['addArtifact']>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-skopeo-'));
    layout = await LayoutFixture.create();
    image = await layout.addImage('strata/tiny:1');
    artifact = await layout.addArtifact('strata/kernel:6.1', Buffer.from('a kernel'));
    server = await startServer({ site: layout.dir, registry: layout.dir });
  });

  afterAll(async () => {
    await server.close();
    await layout[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (...args: string[]) => (await promisify(execFile)(skopeo ?? '', args)).stdout;
  const address = (reference: string) => `docker://127.0.0.1:${server.port}/${reference}`;

  it('reads the configuration of an image', async () => {
    const output = await run('inspect', '--tls-verify=false', '--override-arch=386', address('strata/tiny:1'));
    expect(JSON.parse(output)).toMatchObject({ Digest: image.digest, RepoTags: ['1'], Architecture: '386' });
  });

  it('copies an image, bit for bit', async () => {
    const copy = join(folder, 'copy');
    await run('copy', '--src-tls-verify=false', '--insecure-policy', address('strata/tiny:1'), `oci:${copy}:tiny`);
    const index: { manifests: Descriptor[] } = JSON.parse(await readFile(join(copy, 'index.json'), 'utf8'));
    expect(index.manifests[0]?.digest).toBe(image.digest);
    expect(await verifyLayout(copy)).toEqual([]);
  });

  it.each(['strata/kernel:6.1', 'strata/kernel@digest'])('reads the manifest of an artifact: %s', async (form) => {
    const reference = form.replace('@digest', `@${artifact.manifest.digest}`);
    const output = await run('inspect', '--raw', '--tls-verify=false', address(reference));
    expect(JSON.parse(output)).toMatchObject({ layers: [artifact.layer] });
  });

  it('lists tags', async () => {
    const output = await run('list-tags', '--tls-verify=false', address('strata/kernel'));
    expect(JSON.parse(output)).toMatchObject({ Tags: ['6.1'] });
  });
});
