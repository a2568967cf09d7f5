import { expect, test } from 'vitest';
import type { BuildEvent } from '../../api/build';
import type { Digest } from '../../api/content-store';
import { ClassicMessages } from './build-message';

const id = `sha256:${'0123456789ab'.padEnd(64, '0')}` as Digest;
const instruction = { text: 'COPY . /app', index: 2, total: 4 };
const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

const events: readonly [BuildEvent, readonly object[]][] = [
  [{ kind: 'started', step: { number: 1, vertex: '[internal] load build context' } }, []],
  [
    { kind: 'started', step: { number: 2, instruction: { ...instruction, text: 'FROM a' }, triggers: 1 } },
    [{ stream: 'Step 2/4 : FROM a\n' }, { stream: '# Executing 1 build trigger\n' }],
  ],
  [{ kind: 'started', step: { number: 2, instruction } }, [{ stream: 'Step 2/4 : COPY . /app\n' }]],
  [{ kind: 'cached', step: 2, id }, [{ stream: ' ---> Using cache\n' }, { stream: ' ---> 0123456789ab\n' }]],
  [{ kind: 'running', step: 2, name: 'build-1' }, [{ stream: ' ---> Running in build-1\n' }]],
  [{ kind: 'log', step: 2, stream: 'stderr', bytes: bytes('ok\n'), at: 5 }, [{ stream: 'ok\n' }]],
  [{ kind: 'finished', step: 2, ms: 9, id }, [{ stream: ' ---> 0123456789ab\n' }]],
  [{ kind: 'finished', step: 2, ms: 9 }, []],
  [{ kind: 'warning', message: 'unused argument', line: 1 }, [{ stream: '[Warning] unused argument\n' }]],
  [
    { kind: 'built', step: 9, ms: 0, image: id, config: id, names: ['web:1'] },
    [{ aux: { ID: id } }, { stream: 'Successfully built 0123456789ab\n' }, { stream: 'Successfully tagged web:1\n' }],
  ],
  [
    {
      kind: 'failed',
      error: {
        code: 'FailedPrecondition',
        message: 'as BuildKit says it',
        details: { exitCode: 3, command: 'sh -c x' },
      },
    },
    [
      {
        errorDetail: { code: 3, message: "The command 'sh -c x' returned a non-zero code: 3" },
        error: "The command 'sh -c x' returned a non-zero code: 3",
      },
    ],
  ],
  [
    {
      kind: 'failed',
      error: { code: 'InvalidArgument', message: 'exec: "/bin/sh": gone', details: { exitCode: 127 } },
    },
    [{ errorDetail: { message: 'exec: "/bin/sh": gone' }, error: 'exec: "/bin/sh": gone' }],
  ],
];

test.each(events)('%j', (event, messages) => {
  expect(new ClassicMessages(false).of(event)).toEqual(messages);
});

test('the container of a step is told by its short name, and when it is gone', () => {
  const messages = new ClassicMessages(false);
  expect(messages.of({ kind: 'running', step: 2, name: 'c'.repeat(64) })).toEqual([
    { stream: ' ---> Running in cccccccccccc\n' },
  ]);
  expect(messages.of({ kind: 'finished', step: 2, ms: 9, id })).toEqual([
    { stream: ' ---> Removed intermediate container cccccccccccc\n' },
    { stream: ' ---> 0123456789ab\n' },
  ]);
});

test('a quiet build tells its image alone', () => {
  const quiet = new ClassicMessages(true);
  expect(events.slice(0, 9).flatMap(([event]) => quiet.of(event))).toEqual([]);
  const built = quiet.of({ kind: 'built', step: 9, ms: 0, image: id, config: id, names: ['web:1'] });
  expect(built).toEqual([{ aux: { ID: id } }, { stream: `${id}\n` }]);
});

const excerpt = { file: 'Dockerfile', from: 2, lines: [], marked: { from: 4, to: 5 } };
const absent = 'failed to compute cache key: failed to calculate checksum: "/no/such": not found';
const context = 'file not found in build context or excluded by .dockerignore: ';
test.each([
  ['COPY no/such /x', absent, `COPY failed: ${context}stat no/such: file does not exist (Dockerfile:4)`],
  ['add no/such /x', absent, `ADD failed: ${context}stat no/such: file does not exist (Dockerfile:4)`],
  ['COPY --from=a no/such /x', absent, 'COPY failed: stat no/such: file does not exist (Dockerfile:4)'],
  ['EXPOSE abc', 'invalid containerPort: abc', 'invalid containerPort: abc (Dockerfile:4)'],
])('what fails is told in the words of the classic builder, with its line: %s', (text, message, told) => {
  const messages = new ClassicMessages(true);
  messages.of({ kind: 'started', step: { number: 2, instruction: { text, index: 2, total: 4 } } });
  const error = { code: 'NotFound', message, details: {} } as const;
  expect(messages.of({ kind: 'failed', error, excerpt })).toEqual([{ errorDetail: { message: told }, error: told }]);
});

test('a letter that is cut in two is put together', () => {
  const messages = new ClassicMessages(false);
  const [first, second] = [bytes('ü').slice(0, 1), bytes('ü').slice(1)];
  const log = { kind: 'log', step: 1, stream: 'stdout', at: 0 } as const;
  expect(messages.of({ ...log, bytes: first })).toEqual([]);
  expect(messages.of({ ...log, bytes: second })).toEqual([{ stream: 'ü' }]);
});
