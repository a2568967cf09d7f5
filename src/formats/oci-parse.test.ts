import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { parseDigest } from './digest';
import { annotations, type Descriptor, mediaTypes } from './oci';
import { documentLimit, parseIndex, parseManifest, parseSnapshotConfig, storedForm } from './oci-parse';

const digest = `sha256:${'ab'.repeat(32)}` as const;
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const config: Descriptor = { mediaType: mediaTypes.emptyConfig, digest, size: 2 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [config] };
const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ ...config, annotations: { a: 'b' } }] };
const snapshot = {
  formatVersion: 1,
  v86: '0.5.462',
  machine: { memoryMiB: 64, devices: 'virtio', containerHost: false },
  kernel: digest,
  initrd: digest,
  agentProtocol: 1,
  console: '',
};

const failure = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('OCI documents', () => {
  it('are read with what we use and without what we do not', () => {
    expect(parseIndex(encode({ ...index, extra: 1 }))).toEqual(index);
    expect(parseManifest(encode({ ...manifest, extra: 1 }))).toEqual(manifest);
    expect(parseManifest(encode({ ...manifest, artifactType: 'a/b', annotations: { c: 'd' } }))).toMatchObject({
      artifactType: 'a/b',
      annotations: { c: 'd' },
    });
    expect(parseSnapshotConfig(encode(snapshot))).toEqual(snapshot);
  });

  it.each([
    ['another schema version', parseIndex, { ...index, schemaVersion: 1 }, 'index.schemaVersion'],
    ['an image where an index belongs', parseIndex, manifest, 'index.mediaType'],
    ['no list of manifests', parseIndex, { ...index, manifests: {} }, 'index.manifests'],
    [
      'a short digest',
      parseIndex,
      { ...index, manifests: [{ ...config, digest: 'sha256:12' }] },
      'index.manifests[0].digest',
    ],
    [
      'an upper-case digest',
      parseManifest,
      { ...manifest, config: { ...config, digest: digest.toUpperCase() } },
      'manifest.config.digest',
    ],
    [
      'a negative size',
      parseManifest,
      { ...manifest, layers: [config, { ...config, size: -1 }] },
      'manifest.layers[1].size',
    ],
    [
      'a size that is no whole number',
      parseManifest,
      { ...manifest, layers: [{ ...config, size: 1.5 }] },
      'manifest.layers[0].size',
    ],
    [
      'an annotation that is no text',
      parseManifest,
      { ...manifest, annotations: { a: 1 } },
      'manifest.annotations["a"]',
    ],
    ['null for a config', parseManifest, { ...manifest, config: null }, 'manifest.config'],
    ['an unknown snapshot format', parseSnapshotConfig, { ...snapshot, formatVersion: 2 }, 'snapshot.formatVersion'],
    [
      'unknown devices',
      parseSnapshotConfig,
      { ...snapshot, machine: { ...snapshot.machine, devices: 'x' } },
      'snapshot.machine.devices',
    ],
    ['a list at the root', parseManifest, [], 'manifest'],
  ])('with %s are refused, naming the field', (_, parse, value, path) => {
    const error = failure(() => parse(encode(value)));
    expect(error).toMatchObject({ code: 'InvalidArgument' });
    expect((error as Error).message).toContain(`${path} must be`);
  });

  it('are refused when they are not JSON, not UTF-8, or too large', () => {
    const inputs = [
      new TextEncoder().encode('<html>'),
      Uint8Array.of(0x22, 0xff, 0x22),
      new Uint8Array(documentLimit + 1),
    ];
    for (const bytes of inputs) expect(failure(() => parseIndex(bytes))).toMatchObject({ code: 'InvalidArgument' });
  });

  it('of any shape are read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(parseIndex, parseManifest, parseSnapshotConfig), (value, parse) => {
        const text = JSON.stringify(value) ?? '';
        const error = failure(() => parse(new TextEncoder().encode(text)));
        expect(error === undefined || (error instanceof SandboxError && error.code === 'InvalidArgument')).toBe(true);
      }),
    );
  });
});

describe('the stored form of a layer', () => {
  const packed: Descriptor = {
    mediaType: mediaTypes.snapshotLayer,
    digest,
    size: 5,
    annotations: {
      [annotations.uncompressedDigest]: `sha256:${'cd'.repeat(32)}`,
      [annotations.uncompressedSize]: '20',
    },
  };

  it('is what it unpacks to, for a compressed artifact of ours', () => {
    expect(storedForm(packed)).toEqual({ digest: `sha256:${'cd'.repeat(32)}`, size: 20, compression: 'zstd' });
  });

  it('is the blob itself for anything else', () => {
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+zstd';
    expect(storedForm({ ...packed, mediaType })).toEqual({ digest, size: 5, compression: 'none' });
  });

  it.each([
    ['no digest', { [annotations.uncompressedSize]: '20' }],
    ['no size', { [annotations.uncompressedDigest]: digest }],
    ['a size that is no number', { [annotations.uncompressedDigest]: digest, [annotations.uncompressedSize]: 'many' }],
  ])('is refused when a compressed artifact of ours announces %s', (_, found) => {
    expect(failure(() => storedForm({ ...packed, annotations: found }))).toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('a digest from outside', () => {
  it.each(['', 'sha256:', `sha512:${'ab'.repeat(64)}`, `${digest}0`, ` ${digest}`, 7, undefined])(
    'is refused when it is %j',
    (value) => {
      expect(failure(() => parseDigest(value))).toMatchObject({ code: 'InvalidArgument' });
    },
  );

  it('is taken when it is one', () => {
    expect(parseDigest(digest)).toBe(digest);
  });
});
