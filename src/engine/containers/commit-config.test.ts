import { describe, expect, it } from 'vitest';
import { committedConfig, overConfig } from './commit-config';

const config = { Image: 'x', Env: ['A=1', 'PATH=/bin'], Cmd: ['sh'], Labels: { a: '1' }, WorkingDir: '/srv' };

describe('the config of a committed container', () => {
  it.each([
    ['CMD ["nginx", "-g"]', { cmd: ['nginx', '-g'] }],
    ['ENTRYPOINT run it', { entrypoint: ['/bin/sh', '-c', 'run it'] }],
    ['ENV A=2 B=3', { env: ['A=2', 'PATH=/bin', 'B=3'] }],
    ['ENV A="x y" C=$PATH:/sbin', { env: ['A=x y', 'PATH=/bin', 'C=/bin:/sbin'] }],
    ['HEALTHCHECK CMD true', { healthcheck: { test: ['CMD-SHELL', 'true'] } }],
    ['LABEL b=2', { labels: { a: '1', b: '2' } }],
    ['EXPOSE 80', { exposedPorts: ['80/tcp'] }],
    ['USER www', { user: 'www' }],
    ['WORKDIR app', { workingDir: '/srv/app' }],
    ['VOLUME /data', { volumes: ['/data'] }],
    ['STOPSIGNAL SIGINT', { stopSignal: 'SIGINT' }],
    ['ONBUILD RUN x', { onBuild: ['RUN x'] }],
  ])('changed by %s', (line, expected) => {
    expect(committedConfig(config, [line, ''])).toMatchObject(expected);
  });

  it('is not changed by what a build does', () => {
    for (const line of ['RUN rm -rf /', 'FROM x', 'from x AS y', 'MAINTAINER me', 'ARG x']) {
      const [word = ''] = line.toLowerCase().split(' ');
      expect(() => committedConfig(config, [line])).toThrow(`${word} is not a valid change command`);
    }
  });

  it('has what was sent along over what it had', () => {
    expect(overConfig(config, { Cmd: ['ls'], Env: ['A=9'] })).toMatchObject({ Cmd: ['ls'], Env: ['A=9', 'PATH=/bin'] });
    expect(overConfig(config, undefined)).toBe(config);
  });
});
