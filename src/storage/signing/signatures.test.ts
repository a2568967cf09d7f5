import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PullEvent, SignaturePolicy, SignatureRule } from '../../api/distribution';
import { systemClock } from '../../base/clock';
import { createSignatureArtifact, signatureTag } from '../../formats/signature-artifact';
import { serializeSimpleSigning } from '../../formats/simple-signing';
import { MemoryMetadataStore } from '../metadata-store';
import { ContentFixture } from '../registry/content-fixture';
import { type ImageFixture, makeImage, makeIndex } from '../registry/image-fixture';
import { ImageRegistries } from '../registry/image-registries';
import { RegistryFixture } from '../registry/registry-fixture';
import { signImage } from './sign-image';
import { parseSignaturePolicy } from './signature-policy';
import { importSigningKey, importVerifyingKey } from './signing-key';
import { makeKeyPair } from './signing-key-fixture';

const ours = makeKeyPair('ed25519');
const theirs = makeKeyPair('ecdsa');
const clock = systemClock;

describe('a signed image', () => {
  let registry: RegistryFixture;
  let content: ContentFixture;
  let image: ImageFixture;
  let name: string;

  beforeAll(async () => {
    registry = await RegistryFixture.start();
    image = await makeImage({ layers: { base: 3000 } });
    name = `${registry.name}/team/web:1`;
  });
  afterAll(() => registry[Symbol.asyncDispose]());
  beforeEach(() => {
    registry.reset();
    registry.addImage('team/web', image, '1');
    content = new ContentFixture();
  });

  const registries = (into = content) =>
    new ImageRegistries({
      content: into,
      metadata: new MemoryMetadataStore(),
      fetch,
      clock,
      layoutUrl: `http://${registry.name}/registry/`,
    });
  const rule = (demand: SignatureRule['demand'], ...keys: string[]): SignaturePolicy => ({
    rules: [{ pattern: `${registry.name}/*`, demand, keys }],
  });
  /** Pulls into an empty store, as somebody else would. */
  const pulled = (policy: SignaturePolicy, onEvent?: (event: PullEvent) => void) =>
    registries(new ContentFixture()).pull(name, { policy, ...(onEvent && { onEvent }) });
  const sign = async (privateKey: string, claims: Readonly<Record<string, unknown>> = {}) => {
    await registries().pull(name);
    const signature = await signImage(name, content, { privateKey, claims, clock });
    await registries().push(signature);
    return signature;
  };
  /** Signatures that say what nobody should sign. */
  const attach = async (...payloads: readonly Uint8Array<ArrayBuffer>[]) => {
    const key = await importSigningKey(ours.privateKey);
    const signatures = await Promise.all(
      payloads.map(async (payload) => ({ payload, signature: await key.sign(payload) })),
    );
    const { manifest, config, payloads: blobs } = await createSignatureArtifact(signatures);
    registry.addImage('team/web', { manifest, config, layers: blobs }, signatureTag(image.manifest.descriptor.digest));
  };

  it.each([
    ['Ed25519', ours],
    ['ECDSA', theirs],
  ])('by %s is pushed, found and verified before anything is pulled', async (_, { publicKey, privateKey }) => {
    const signature = await sign(privateKey, { creator: 'the tests' });
    expect(signature).toBe(`${registry.name}/team/web:${signatureTag(image.manifest.descriptor.digest)}`);
    const { id } = await importVerifyingKey(publicKey);
    expect((await pulled(rule('require', publicKey))).signature).toEqual({
      kind: 'signed',
      key: id,
      claims: { creator: 'the tests' },
    });
  });

  it('has the form that cosign gives it', async () => {
    await sign(ours.privateKey);
    const { digest } = image.manifest.descriptor;
    const { type, bytes } = registry.manifests.get(`team/web:sha256-${digest.slice(7)}.sig`)!;
    expect(type).toBe('application/vnd.oci.image.manifest.v1+json');
    const { layers, config } = JSON.parse(new TextDecoder().decode(bytes));
    expect(config.mediaType).toBe('application/vnd.oci.image.config.v1+json');
    expect(layers).toHaveLength(1);
    expect(layers[0].mediaType).toBe('application/vnd.dev.cosign.simplesigning.v1+json');
    expect(layers[0].annotations['dev.cosignproject.cosign/signature']).toMatch(/^[A-Za-z0-9+/]{86}==$/);
    expect(new TextDecoder().decode(registry.blobs.get(layers[0].digest))).toBe(
      `{"critical":{"identity":{"docker-reference":"${registry.name}/team/web"},"image":{"docker-manifest-digest":"${digest}"},"type":"cosign container image signature"},"optional":null}`,
    );
  });

  it('may be signed by several, of whom any will do', async () => {
    await sign(ours.privateKey);
    await sign(theirs.privateKey);
    for (const { publicKey } of [ours, theirs]) {
      expect((await pulled(rule('require', publicKey))).signature.kind).toBe('signed');
    }
    const stranger = makeKeyPair('ecdsa');
    expect((await pulled(rule('require', stranger.publicKey, theirs.publicKey))).signature.kind).toBe('signed');
  });

  it('of several platforms is signed as a whole or for each', async () => {
    const platform = { os: 'linux', architecture: '386' };
    registry.addManifest('team/web', await makeIndex([{ image, platform }]), '1');
    await sign(ours.privateKey);
    expect((await pulled(rule('require', ours.publicKey))).signature.kind).toBe('signed');
    registry.reset();
    registry.addImage('team/web', image, '1');
    content = new ContentFixture();
    await sign(ours.privateKey);
    registry.addManifest('team/web', await makeIndex([{ image, platform }]), '1');
    expect((await pulled(rule('require', ours.publicKey))).signature.kind).toBe('signed');
  });

  const refused = async (reason: string) => {
    await expect(pulled(rule('require', ours.publicKey))).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining(reason),
      details: expect.objectContaining({ reason: 'signature' }),
    });
    const blobs = [image.config, ...image.layers].flatMap(({ descriptor }) => registry.requestsOf(descriptor.digest));
    expect(blobs).toEqual([]);
    const events: PullEvent[] = [];
    await pulled(rule('warn', ours.publicKey), (event) => events.push(event));
    expect(events).toContainEqual({
      kind: 'warning',
      text: expect.stringMatching(/^The signature of .* cannot be verified/),
    });
  };

  it('without a signature is not pulled where one is required, and warned of where one is wanted', () =>
    refused('it has no signature'));

  it('signed by a stranger is not pulled', async () => {
    await sign(theirs.privateKey);
    registry.seen.length = 0;
    await refused('no signature is by a key that is trusted');
  });

  it('with the signature of another image is not pulled', async () => {
    const other = await makeImage({ layers: { other: 10 } });
    const { digest } = other.manifest.descriptor;
    await attach(serializeSimpleSigning({ reference: 'team/web', digest, claims: {} }));
    await refused(`a signature is of another image, ${digest}`);
  });

  it.each([
    ['no JSON', 'nothing'],
    ['no payload', '{}'],
    ['another kind of signature', '{"critical":{"type":"atomic container signature"}}'],
    ['no digest', '{"critical":{"type":"cosign container image signature","image":{},"identity":{}}}'],
  ])('with a signature over %s is not pulled', async (_, text) => {
    await attach(new TextEncoder().encode(text));
    await refused('cannot be verified');
  });

  it('with a payload that is not what its digest says is not pulled', async () => {
    await sign(ours.privateKey);
    for (const [digest, bytes] of registry.blobs) {
      if (new TextDecoder().decode(bytes).startsWith('{"critical"'))
        registry.blobs.set(
          digest,
          bytes.map((byte) => byte ^ 1),
        );
    }
    await expect(pulled(rule('require', ours.publicKey))).rejects.toMatchObject({ code: 'DataLoss' });
    expect((await pulled(rule('warn', ours.publicKey))).signature.kind).toBe('invalid');
  });

  it('is what the most particular rule says', async () => {
    const key = ours.publicKey;
    const rules: readonly SignatureRule[] = [
      { pattern: '*', demand: 'require', keys: [key] },
      { pattern: registry.name, demand: 'warn', keys: [key] },
      { pattern: `${registry.name}/team/web`, demand: 'accept', keys: [] },
    ];
    expect((await pulled({ rules })).signature).toEqual({ kind: 'unchecked' });
    expect((await pulled({ rules: rules.slice(0, 2) })).signature).toEqual({ kind: 'unsigned' });
    await expect(pulled({ rules: rules.slice(0, 1) })).rejects.toMatchObject({ code: 'FailedPrecondition' });
    expect((await pulled({ rules: [] })).signature).toEqual({ kind: 'unchecked' });
    const accepted = await pulled({ rules: [{ pattern: '*', demand: 'accept', keys: [key] }] });
    expect(accepted.signature).toEqual({ kind: 'unsigned' });
  });
});

describe('a policy', () => {
  const key = ours.publicKey;
  it('is read as it was written', async () => {
    const policy = { rules: [{ pattern: 'docker.io/strata/*', demand: 'require', keys: [key, theirs.publicKey] }] };
    expect(await parseSignaturePolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no list', { rules: {} }],
    ['no pattern', { rules: [{ demand: 'accept', keys: [] }] }],
    ['a star in the middle', { rules: [{ pattern: 'a*b', demand: 'accept', keys: [] }] }],
    ['another demand', { rules: [{ pattern: '*', demand: 'hope', keys: [] }] }],
    ['a demand without a key', { rules: [{ pattern: '*', demand: 'require', keys: [] }] }],
    ['a key that is none', { rules: [{ pattern: '*', demand: 'warn', keys: ['key'] }] }],
    ['the same twice', { rules: Array(2).fill({ pattern: '*', demand: 'accept', keys: [] }) }],
    [
      'too many rules',
      { rules: Array.from({ length: 101 }, (_, at) => ({ pattern: `r${at}`, demand: 'accept', keys: [] })) },
    ],
    ['too many keys', { rules: [{ pattern: '*', demand: 'warn', keys: Array(21).fill(key) }] }],
  ])('with %s is refused', async (_, value) => {
    await expect(parseSignaturePolicy(value)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});
