import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRunConfig, type RunConfig } from '../../formats/image-config';
import { commandOf, mergeConfig, mergeEnv } from './merge-config';

const image: RunConfig = {
  ...emptyRunConfig,
  entrypoint: ['/entry'],
  cmd: ['serve'],
  env: ['PATH=/bin', 'A=1'],
  user: 'www',
  workingDir: '/srv',
  exposedPorts: ['80'],
  volumes: ['/data'],
  labels: { from: 'image', kept: 'yes' },
  stopSignal: 'SIGQUIT',
  healthcheck: { test: ['CMD', 'check'], interval: 5, retries: 2 },
};

describe('the config of a container', () => {
  it('is the image’s where nothing is said', () => {
    expect(mergeConfig({ Image: 'x' }, image)).toMatchObject({
      Entrypoint: ['/entry'],
      Cmd: ['serve'],
      Env: image.env,
      User: 'www',
      WorkingDir: '/srv',
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGQUIT',
      Healthcheck: { Test: ['CMD', 'check'], Interval: 5, Retries: 2 },
    });
  });

  it.each([
    [{}, ['/entry', 'serve']],
    [{ Cmd: ['x', 'y'] }, ['/entry', 'x', 'y']],
    [{ Entrypoint: ['/mine'] }, ['/mine']],
    [{ Entrypoint: ['/mine'], Cmd: ['x'] }, ['/mine', 'x']],
    [{ Entrypoint: [''], Cmd: ['x'] }, ['x']],
    [{ Entrypoint: [] }, ['/entry', 'serve']],
  ])('with %j runs %j', (user, argv) => {
    expect(commandOf(mergeConfig({ Image: 'x', ...user }, image))).toEqual(argv);
  });

  it.each([{}, { Entrypoint: [] }, { Entrypoint: [''] }])(
    'says nothing of an entrypoint where there is none: %j',
    (user) => {
      // Or the field would be missing where docker shows null.
      expect(Object.keys(mergeConfig({ Image: 'x', Cmd: ['x'], ...user }, emptyRunConfig))).not.toContain('Entrypoint');
    },
  );

  it('needs a command', () => {
    expect(() => commandOf(mergeConfig({ Image: 'x' }, emptyRunConfig))).toThrow('no command specified');
  });

  it('takes what is said in the place of the image’s, piece by piece', () => {
    const merged = mergeConfig(
      {
        Image: 'x',
        Labels: { from: 'user' },
        ExposedPorts: { '443/tcp': {} },
        Healthcheck: { Test: [], Interval: 7, Retries: 0 },
        User: '',
      },
      image,
    );
    expect(merged.Labels).toEqual({ from: 'user', kept: 'yes' });
    expect(Object.keys(merged.ExposedPorts ?? {})).toEqual(['80/tcp', '443/tcp']);
    expect(merged.Healthcheck).toEqual({ Test: ['CMD', 'check'], Interval: 7, Retries: 2 });
    expect(merged.User).toBe('www');
  });

  it('has every variable once, with the last that was said', () => {
    const entry = fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.option(fc.string({ maxLength: 3 }), { nil: undefined }));
    const entries = fc.array(entry.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)));
    fc.assert(
      fc.property(entries, entries, (below, above) => {
        const wanted = new Map(below.filter((each) => each.includes('=')).map((each) => [each[0], each]));
        for (const each of above) {
          if (each.includes('=')) wanted.set(each[0], each);
          else wanted.delete(each[0]);
        }
        const merged = mergeEnv(
          below.filter((each) => each.includes('=')),
          above,
        );
        expect(new Map(merged.map((each) => [each[0], each]))).toEqual(wanted);
        expect(merged).toHaveLength(wanted.size);
      }),
    );
  });
});
