import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { verifyLayout } from '../../scripts/verify-artifacts.mjs';
import type { FindCredentials, PushEvent } from '../../src/api/distribution';
import type { ImageContent } from '../../src/api/image';
import { systemClock } from '../../src/base/clock';
import type { Descriptor } from '../../src/formats/oci';
import { MemoryMetadataStore } from '../../src/storage/metadata-store';
import { createMemoryContentStore } from '../../src/storage/open-content-store';
import { makeImage, makeIndex } from '../../src/storage/registry/image-fixture';
import { ImageRegistries } from '../../src/storage/registry/image-registries';
import { signImage } from '../../src/storage/signing/sign-image';
import { makeKeyPair } from '../../src/storage/signing/signing-key-fixture';
import { LayoutFixture } from '../fixtures/oci-layout';
import { DockerRegistry, TokenServer } from '../support/docker-registry';

const skopeo = findProgram('skopeo') ?? '';
const program = findProgram('docker-registry') ?? '';
const openssl = findProgram('openssl') ?? '';

/** The real store of images, in memory. */
const emptyContent = (): ImageContent => createMemoryContentStore().images;

/** Our half of the distribution protocol against Debian's docker-registry and skopeo. */
describe.runIf(skopeo && program && openssl)('docker-registry', () => {
  let folder: string;
  let layout: LayoutFixture;
  let page: Awaited<ReturnType<typeof startServer>>;
  let tiny: Descriptor;
  let content: ImageContent;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-distribution-'));
    layout = await LayoutFixture.create();
    tiny = await layout.addImage('strata/tiny:1');
    page = await startServer({ site: layout.dir, registry: layout.dir });
  });
  afterAll(async () => {
    await page.close();
    await layout[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    content = emptyContent();
  });

  const run = async (...args: string[]) => (await promisify(execFile)(skopeo, args)).stdout;
  const inspect = async (name: string, ...more: string[]) =>
    JSON.parse(await run('inspect', '--tls-verify=false', '--override-arch=386', ...more, `docker://${name}`));
  const registries = (credentials?: FindCredentials, into = content) =>
    new ImageRegistries({
      content: into,
      metadata: new MemoryMetadataStore(),
      fetch: (url, init) => fetch(url, init),
      clock: systemClock,
      layoutUrl: `${page.url}registry/`,
      ...(credentials && { credentials }),
    });
  /** Pulls what comes with the page, under the name that it is to be pushed by. */
  const takeTiny = async (name: string) => {
    const { digest } = await registries().pull('strata/tiny:1');
    await content.tag(name, await content.resolve('docker.io/strata/tiny:1'));
    return digest;
  };
  const keep = async (image: Awaited<ReturnType<typeof makeImage>>) => {
    const lease = await content.lease();
    for (const { descriptor, bytes } of [image.config, ...image.layers, image.manifest]) {
      await content.put(
        descriptor,
        (async function* () {
          yield bytes;
        })(),
        lease,
      );
    }
  };

  describe('that lets anybody in', () => {
    let registry: DockerRegistry;
    beforeAll(async () => {
      registry = await DockerRegistry.start(program);
    });
    afterAll(() => registry?.[Symbol.asyncDispose]());

    it('is given what came with the page, and skopeo finds the same', async () => {
      const name = `${registry.name}/team/tiny:1`;
      expect(await takeTiny(name)).toBe(tiny.digest);
      expect(await registries().push(name)).toBe(tiny.digest);
      expect(await inspect(name)).toMatchObject({ Digest: tiny.digest, RepoTags: ['1'], Architecture: '386' });
      const copy = join(folder, 'pushed');
      await run('copy', '--src-tls-verify=false', '--insecure-policy', `docker://${name}`, `oci:${copy}:tiny`);
      const index: { manifests: Descriptor[] } = JSON.parse(await readFile(join(copy, 'index.json'), 'utf8'));
      expect(index.manifests[0]?.digest).toBe(tiny.digest);
      expect(await verifyLayout(copy)).toEqual([]);
    });

    it.each(['oci', 'v2s2'])('gives us what skopeo gave it as %s, with the same digest', async (format) => {
      const name = `${registry.name}/team/copied:${format}`;
      const source = `docker://127.0.0.1:${page.port}/strata/tiny:1`;
      const tls = ['--src-tls-verify=false', '--dest-tls-verify=false', '--insecure-policy'];
      await run('copy', ...tls, '--format', format, source, `docker://${name}`);
      const pulled = await registries().pull(name);
      expect(pulled.digest).toBe((await inspect(name)).Digest);
      const again = `${registry.name}/team/again:${format}`;
      await content.tag(again, await content.resolve(name));
      expect(await registries().push(again)).toBe(pulled.digest);
      expect((await inspect(again)).Digest).toBe(pulled.digest);
    });

    it('takes a layer in chunks, and a whole index', async () => {
      const platforms = ['386', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
      const images = [
        await makeImage({ layers: { large: 4_300_000, small: 1 }, platform: platforms[0]! }),
        await makeImage({ layers: { other: 500 }, platform: platforms[1]! }),
      ];
      for (const image of images) await keep(image);
      const index = await makeIndex(images.map((image, at) => ({ image, platform: platforms[at]! })));
      await keep({ manifest: index, config: images[0]!.config, layers: [] });
      const name = `${registry.name}/team/large:1`;
      await content.tag(name, index.descriptor);
      expect(await registries().push(name)).toBe(index.descriptor.digest);
      expect((await inspect(name, '--raw')).manifests).toHaveLength(2);
      expect((await inspect(name)).Layers).toEqual(images[0]!.layers.map(({ descriptor }) => descriptor.digest));
      const pulled = await registries(undefined, emptyContent()).pull(name);
      expect(pulled).toMatchObject({
        digest: index.descriptor.digest,
        manifest: images[0]!.manifest.descriptor.digest,
      });
    });

    it('mounts from one repository into another what it has', async () => {
      const [first, second] = ['one', 'two'].map((each) => `${registry.name}/mount/${each}:1`) as [string, string];
      const image = await makeImage({ layers: { mounted: 5000 } });
      await keep(image);
      for (const name of [first, second]) await content.tag(name, image.manifest.descriptor);
      const both = registries();
      await both.push(first);
      const events: PushEvent[] = [];
      await both.push(second, { onEvent: (event) => events.push(event) });
      expect(events).toContainEqual(
        expect.objectContaining({ digest: image.layers[0]!.descriptor.digest, status: 'Mounted' }),
      );
      expect((await inspect(second)).Digest).toBe(image.manifest.descriptor.digest);
    });

    it('does not have what was never pushed', async () => {
      await expect(registries().pull(`${registry.name}/team/nothing:1`)).rejects.toMatchObject({
        code: 'NotFound',
        message: `Manifest for ${registry.name}/team/nothing:1 not found: manifest unknown: manifest unknown`,
      });
    });

    describe.each(['ed25519', 'ecdsa'] as const)('holds signatures by %s', (scheme) => {
      const keys = makeKeyPair(scheme);
      const name = () => `${registry.name}/signed/${scheme}:1`;

      /** As cosign does it: the payload by the digest of its layer, the signature from the layer's annotation. */
      const verify = async (publicKey: string) => {
        const signatures = name().replace(/:1$/, `:sha256-${tiny.digest.slice(7)}.sig`);
        const target = join(folder, `signatures-${scheme}`);
        await rm(target, { recursive: true, force: true });
        await run('copy', '--src-tls-verify=false', '--insecure-policy', `docker://${signatures}`, `dir:${target}`);
        const { layers } = JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8'));
        const [{ mediaType, digest, annotations }] = layers;
        expect(mediaType).toBe('application/vnd.dev.cosign.simplesigning.v1+json');
        const payload = join(target, digest.slice(7));
        expect(JSON.parse(await readFile(payload, 'utf8')).critical).toEqual({
          identity: { 'docker-reference': name().replace(/:1$/, '') },
          image: { 'docker-manifest-digest': tiny.digest },
          type: 'cosign container image signature',
        });
        const [signature, key] = [join(target, 'signature'), join(target, 'public.pem')];
        await writeFile(signature, Buffer.from(annotations['dev.cosignproject.cosign/signature'], 'base64'));
        await writeFile(key, publicKey);
        const hash = scheme === 'ecdsa' ? ['-digest', 'sha256'] : [];
        const files = ['-pubin', '-inkey', key, '-sigfile', signature, '-in', payload, '-rawin', ...hash];
        await promisify(execFile)(openssl, ['pkeyutl', '-verify', ...files]);
      };

      it('that openssl verifies as skopeo brings them', async () => {
        await takeTiny(name());
        await registries().push(name());
        await registries().push(await signImage(name(), content, { privateKey: keys.privateKey, clock: systemClock }));
        await verify(keys.publicKey);
        await expect(verify(makeKeyPair(scheme).publicKey)).rejects.toThrow('pkeyutl');
      });

      it('that we believe', async () => {
        const policy = {
          rules: [{ pattern: `${registry.name}/signed/*`, demand: 'require', keys: [keys.publicKey] }],
        } as const;
        const pulled = await registries(undefined, emptyContent()).pull(name(), { policy });
        expect(pulled.signature.kind).toBe('signed');
      });
    });
  });

  it('that wants a name and a password lets in who has them', async () => {
    // By htpasswd -B: ann, secret.
    const lines = 'ann:$2y$05$stratastratastratastredeOdbbC.xIi4pfG.zvpAF3MMEaaTp9q\n';
    await using registry = await DockerRegistry.start(program, { kind: 'htpasswd', lines });
    const name = `${registry.name}/team/tiny:1`;
    const as =
      (password: string): FindCredentials =>
      async () => ({ username: 'ann', password });
    await takeTiny(name);
    const denied = {
      code: 'FailedPrecondition',
      message: expect.stringContaining('unauthorized: authentication required'),
    };
    await expect(registries().push(name)).rejects.toMatchObject(denied);
    await expect(registries(as('guess')).push(name)).rejects.toMatchObject(denied);
    await registries(as('secret')).push(name);
    await expect(registries(undefined, emptyContent()).pull(name)).rejects.toMatchObject(denied);
    expect((await registries(as('secret'), emptyContent()).pull(name)).digest).toBe(tiny.digest);
    expect((await inspect(name, '--creds', 'ann:secret')).Digest).toBe(tiny.digest);
  });

  it('that wants tokens is shown those that its server gives for each repository and purpose', async () => {
    const open = { 'team/tiny': ['pull'] };
    await using server = await TokenServer.start(openssl, {
      '': { password: '', allow: open },
      ann: { password: 'secret', allow: { 'team/tiny': ['pull', 'push'], 'team/other': ['pull', 'push'] } },
    });
    await using registry = await DockerRegistry.start(program, { kind: 'token', server });
    const [name, other] = ['tiny', 'other'].map((each) => `${registry.name}/team/${each}:1`) as [string, string];
    const ann: FindCredentials = async () => ({ username: 'ann', password: 'secret' });
    await takeTiny(name);
    await content.tag(other, await content.resolve(name));
    await expect(registries().push(name)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining(`Push access denied for ${registry.name}/team/tiny`),
    });
    const all = registries(ann);
    await all.push(name);
    // A mount needs leave in both repositories.
    const events: PushEvent[] = [];
    await all.push(other, { onEvent: (event) => events.push(event) });
    expect(events.some((event) => event.kind === 'layer' && event.status === 'Mounted')).toBe(true);
    expect(server.asked.at(-1)?.scopes).toEqual(['repository:team/other:pull,push', 'repository:team/tiny:pull']);
    // Who has no name may pull what is open, and nothing else.
    expect((await registries(undefined, emptyContent()).pull(name)).digest).toBe(tiny.digest);
    await expect(registries(undefined, emptyContent()).pull(other)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('Pull access denied'),
    });
  });

  it('that takes a token for expired is shown a new one', async () => {
    await using server = await TokenServer.start(openssl, {
      '': { password: '', allow: { 'team/tiny': ['pull', 'push'] } },
    });
    await using registry = await DockerRegistry.start(program, { kind: 'token', server });
    const name = `${registry.name}/team/tiny:1`;
    await takeTiny(name);
    const all = registries();
    await all.push(name);
    // The server gives out one that was good until long ago, and says nothing of it.
    server.lifeSeconds = -3600;
    await expect(registries(undefined, emptyContent()).pull(name)).rejects.toMatchObject({
      code: 'FailedPrecondition',
    });
    server.lifeSeconds = 300;
    expect((await registries(undefined, emptyContent()).pull(name)).digest).toBe(tiny.digest);
  });
});
