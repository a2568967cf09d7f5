import { describe, expect, it } from 'vitest';
import type { BuildEvent } from '../../api/build';
import type { Digest } from '../../api/content-store';
import { SandboxError, serializeError } from '../../base/errors';
import { renderPlain } from './build-fixture';

const id = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const bytes = (text: string) => new TextEncoder().encode(text);
const started = (number: number, text: string, vertex?: string): BuildEvent => ({
  kind: 'started',
  step: { number, instruction: { text, index: number, total: 3 }, ...(vertex && { vertex }) },
});

const ran: readonly BuildEvent[] = [
  { kind: 'started', step: { number: 1, vertex: '[internal] load build context' } },
  { kind: 'finished', step: 1, ms: 40 },
  started(2, 'FROM busybox', '[1/2] FROM docker.io/library/busybox:latest'),
  { kind: 'cached', step: 2, id: id('a') },
  started(3, 'RUN echo hi', '[2/2] RUN echo hi'),
  { kind: 'running', step: 3, name: 'c'.repeat(64) },
  { kind: 'log', step: 3, stream: 'stdout', bytes: bytes('h'), at: 120 },
  { kind: 'log', step: 3, stream: 'stdout', bytes: bytes('i\nthere'), at: 250 },
];
const failed: BuildEvent = {
  kind: 'failed',
  step: 3,
  error: serializeError(
    new SandboxError('FailedPrecondition', 'process "/bin/sh -c x" did not complete successfully: exit code: 2', {
      details: { exitCode: 2, command: '/bin/sh -c x' },
    }),
  ),
  excerpt: { file: 'Dockerfile', from: 1, lines: ['FROM busybox', 'RUN x'], marked: { from: 2, to: 2 } },
};
const built: readonly BuildEvent[] = [
  { kind: 'finished', step: 3, ms: 1000, id: id('b') },
  { kind: 'warning', message: 'One or more build-args [x] were not consumed' },
  { kind: 'started', step: { number: 4, vertex: 'exporting to image' } },
  { kind: 'built', step: 4, ms: 0, image: id('d'), config: id('e'), names: ['app:latest', 'app:1'] },
];

describe('plain progress', () => {
  it('tells of output line by line, and of the end', () => {
    expect(renderPlain([...ran, ...built])).toBe(
      [
        '#1 [internal] load build context\n#1 DONE 0.0s\n',
        '#2 [1/2] FROM docker.io/library/busybox:latest\n#2 CACHED\n',
        '#3 [2/2] RUN echo hi\n#3 0.250 hi\n#3 1.000 there\n#3 DONE 1.0s\n - One or more build-args [x] were not consumed\n',
        `#4 exporting to image\n#4 exporting layers done\n#4 writing image ${id('d')} done\n#4 naming to app:latest done\n#4 naming to app:1 done\n#4 DONE 0.0s\n`,
      ].join('\n'),
    );
  });

  it('repeats what a failed process said, and shows where it stands', () => {
    const text = renderPlain([...ran, failed]);
    expect(text.slice(text.indexOf('#3 ERROR'))).toBe(
      [
        '#3 ERROR: process "/bin/sh -c x" did not complete successfully: exit code: 2\n',
        '------\n > [2/2] RUN echo hi:\n0.250 hi\n0.250 there\n------\n',
        'Dockerfile:2\n--------------------\n   1 |     FROM busybox\n   2 | >>> RUN x\n--------------------\n',
        'ERROR: failed to solve: process "/bin/sh -c x" did not complete successfully: exit code: 2\n',
      ].join(''),
    );
  });

  it('says that a build was canceled', () => {
    const error = serializeError(new SandboxError('Canceled', 'Canceled'));
    expect(renderPlain([...ran.slice(0, 6), { kind: 'failed', step: 3, error }])).toContain(
      '#3 CANCELED\nERROR: failed to solve: Canceled',
    );
  });
});
