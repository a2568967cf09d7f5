import { expect, it } from 'vitest';
import type { SelectedImage } from '../api/image-summary';
import { emptyRunConfig, type RunConfig } from '../formats/image-config';
import { imageMachine } from './image-machine';

const digest = (digit: string) => `sha256:${digit.repeat(64)}` as const;

function selected(run: Partial<RunConfig>): SelectedImage {
  return {
    id: digest('a'),
    reference: 'web:1',
    manifest: digest('b'),
    config: {
      platform: { os: 'linux', architecture: '386' },
      run: { ...emptyRunConfig, ...run },
      diffIds: [digest('1'), digest('2')],
      history: [],
    },
    layers: [
      { digest: digest('c'), diffId: digest('1') },
      { digest: digest('d'), diffId: digest('2') },
    ],
  };
}

it('has the layers as a share, a disk for what it writes, and what the config says', () => {
  const run = { entrypoint: ['httpd'], cmd: ['-f'], env: ['A=1'], workingDir: '/srv', user: 'www' };
  const draft = imageMachine(selected(run), { image: 'web', name: 'one', diskMiB: 100, setup: 'date' });
  expect(draft).toMatchObject({
    kind: 'vm',
    name: 'one',
    setup: 'date',
    disks: [{ sizeMiB: 100, format: 'ext4' }],
    shares: [{ tag: 'image', layers: [digest('1'), digest('2')] }],
    image: {
      reference: 'web:1',
      digest: digest('a'),
      command: ['httpd', '-f'],
      env: ['A=1'],
      cwd: '/srv',
      user: 'www',
    },
  });
});

it.each<[string, Partial<RunConfig>, readonly string[] | undefined, readonly string[]]>([
  ['a shell, which the console has', { cmd: ['/bin/bash'] }, undefined, []],
  ['a shell with work to do', { cmd: ['sh', '-c', 'date'] }, undefined, ['sh', '-c', 'date']],
  ['no command', {}, undefined, []],
  ['words in the place of the command', { entrypoint: ['redis'], cmd: ['--a'] }, ['--b'], ['redis', '--b']],
])('runs of %s what there is beside the console', (_what, run, command, expected) => {
  const draft = imageMachine(selected(run), { image: 'web', ...(command && { command }) });
  expect(draft.image?.command).toEqual(expected);
});
