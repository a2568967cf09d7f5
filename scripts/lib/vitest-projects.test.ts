import { expect, it } from 'vitest';
import { listFailures } from './vitest-projects.mjs';

const test = (fullName: string, status: string, failureMessages: readonly string[] = []) => ({
  fullName,
  status,
  failureMessages,
});

it('names each failed test with the first lines of why', () => {
  const long = Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n');
  const file = {
    name: 'a.test.ts',
    status: 'failed',
    assertionResults: [test('a adds', 'failed', [long]), test('b', 'passed')],
  };
  const [failure, ...rest] = listFailures({ testResults: [file] });
  expect(rest).toEqual([]);
  expect(failure?.split('\n')).toHaveLength(13);
  expect(failure).toMatch(/^a\.test\.ts: a adds\n {4}line 0\n/);
});

it('names a file that failed before a test of it could', () => {
  const file = { name: 'b.test.ts', status: 'failed', message: 'Cannot find module', assertionResults: [] };
  expect(listFailures({ testResults: [file] })).toEqual(['b.test.ts\n    Cannot find module']);
});
