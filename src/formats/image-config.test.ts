import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';
import { emptyRunConfig, type ImageConfig, parseImageConfig, serializeImageConfig } from './image-config';

const digest: Digest = `sha256:${'ab'.repeat(32)}`;
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const smallest = { architecture: '386', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };

/** What `docker commit` wrote, shortened: members of docker's own, nulls, and empty texts. */
const dockers = {
  ...smallest,
  container: 'f'.repeat(64),
  container_config: { Hostname: 'x', Cmd: ['/bin/sh', '-c', '#(nop)'] },
  docker_version: '24.0.7',
  created: '2024-01-02T03:04:05.678901234Z',
  author: '',
  'os.version': '1',
  config: {
    Hostname: '',
    User: 'www-data:www-data',
    ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
    Tty: false,
    Env: ['PATH=/usr/bin', 'EMPTY='],
    Cmd: ['-g', 'daemon off;'],
    Healthcheck: { Test: ['CMD-SHELL', 'curl -f http://localhost/'], Interval: 30_000_000_000, Retries: 3 },
    Volumes: { '/data': {} },
    WorkingDir: '/srv',
    Entrypoint: ['nginx'],
    OnBuild: null,
    Labels: { maintainer: 'A' },
    StopSignal: 'SIGQUIT',
    Shell: null,
  },
  rootfs: { type: 'layers', diff_ids: [digest] },
  history: [
    { created: '2024-01-02T03:04:05Z', created_by: 'ADD rootfs.tar /' },
    { created_by: 'CMD', empty_layer: true, comment: 'buildkit' },
  ],
};

const config: ImageConfig = {
  platform: { os: 'linux', architecture: '386' },
  created: '2024-01-02T03:04:05.678901234Z',
  run: {
    user: 'www-data:www-data',
    exposedPorts: ['80/tcp', '443/tcp'],
    env: ['PATH=/usr/bin', 'EMPTY='],
    cmd: ['-g', 'daemon off;'],
    healthcheck: { test: ['CMD-SHELL', 'curl -f http://localhost/'], interval: 30_000_000_000, retries: 3 },
    volumes: ['/data'],
    workingDir: '/srv',
    entrypoint: ['nginx'],
    onBuild: [],
    labels: { maintainer: 'A' },
    stopSignal: 'SIGQUIT',
  },
  diffIds: [digest],
  history: [
    { created: '2024-01-02T03:04:05Z', createdBy: 'ADD rootfs.tar /' },
    { createdBy: 'CMD', emptyLayer: true, comment: 'buildkit' },
  ],
};

describe('the config of an image', () => {
  it('is read as docker writes it', () => {
    expect(parseImageConfig(encode(dockers))).toEqual(config);
  });

  it('needs a platform and layers, and no more', () => {
    const platform = { os: 'linux', architecture: '386' };
    expect(parseImageConfig(encode(smallest))).toEqual({ platform, run: emptyRunConfig, diffIds: [], history: [] });
    const withNulls = { ...smallest, config: null, history: null, variant: '' };
    expect(parseImageConfig(encode(withNulls))).toEqual({ platform, run: emptyRunConfig, diffIds: [], history: [] });
  });

  it.each([
    ['no platform', { ...smallest, os: undefined }, 'config.os'],
    ['no architecture', { ...smallest, architecture: 7 }, 'config.architecture'],
    ['no layers', { ...smallest, rootfs: undefined }, 'config.rootfs'],
    ['another kind of root', { ...smallest, rootfs: { type: 'x', diff_ids: [] } }, 'config.rootfs.type'],
    [
      'a diffID that is none',
      { ...smallest, rootfs: { type: 'layers', diff_ids: ['x'] } },
      'config.rootfs.diff_ids[0]',
    ],
    ['a command that is a text', { ...smallest, config: { Cmd: 'sh' } }, 'config.config.Cmd'],
    ['a variable that is a number', { ...smallest, config: { Env: [1] } }, 'config.config.Env[0]'],
    ['a list of volumes', { ...smallest, config: { Volumes: ['/a'] } }, 'config.config.Volumes'],
    ['a label that is no text', { ...smallest, config: { Labels: { a: 1 } } }, 'config.config.Labels["a"]'],
    [
      'a time below zero',
      { ...smallest, config: { Healthcheck: { Interval: -1 } } },
      'config.config.Healthcheck.Interval',
    ],
    ['an odd history', { ...smallest, history: [{ empty_layer: 1 }] }, 'config.history[0].empty_layer'],
    ['a list at the root', [], 'config'],
  ])('with %s is refused, naming the field', (_, value, path) => {
    expect(() => parseImageConfig(encode(value))).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining(`${path} must be`) }),
    );
  });

  it('is read back as it was written', () => {
    const text = fc.string({ minLength: 1 });
    const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
    const names = fc.uniqueArray(
      text.filter((each) => each !== '__proto__' && !/^\d+$/.test(each)),
      { maxLength: 3 },
    );
    const digests = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex): Digest => `sha256:${hex}`);
    const run = fc.record({
      user: maybe(text),
      exposedPorts: names,
      env: fc.array(fc.string()),
      entrypoint: maybe(fc.array(fc.string())),
      cmd: maybe(fc.array(fc.string())),
      volumes: names,
      workingDir: maybe(text),
      labels: names.chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, fc.string()])))),
      stopSignal: maybe(text),
      healthcheck: maybe(
        fc.record({ test: fc.array(fc.string()), interval: maybe(fc.nat()), retries: maybe(fc.nat()) }),
      ),
      shell: maybe(fc.array(fc.string())),
      onBuild: fc.array(fc.string()),
    });
    const entry = fc.record({ created: maybe(text), createdBy: maybe(text), emptyLayer: maybe(fc.constant(true)) });
    const configs = fc.record({
      platform: fc.record({ os: fc.string(), architecture: fc.string(), variant: maybe(text) }),
      created: maybe(text),
      author: maybe(text),
      run,
      diffIds: fc.array(digests, { maxLength: 3 }),
      history: fc.array(entry, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(configs, (value) => {
        const bytes = serializeImageConfig(value as ImageConfig);
        const read = parseImageConfig(bytes);
        expect(read).toEqual(value);
        expect(serializeImageConfig(read)).toEqual(bytes);
      }),
    );
  });

  it('of any shape is read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (whole, part) => {
        for (const value of [whole, { ...smallest, config: part }, { ...smallest, history: [part], rootfs: part }]) {
          try {
            parseImageConfig(new TextEncoder().encode(JSON.stringify(value) ?? ''));
          } catch (error) {
            expect(error).toBeInstanceOf(SandboxError);
            expect(error).toMatchObject({ code: 'InvalidArgument' });
          }
        }
      }),
    );
  });
});
