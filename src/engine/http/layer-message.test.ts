import { expect, test } from 'vitest';
import { layerMessage, progressBar } from './layer-message';

test.each([
  [0, 2_400_000, `[>${' '.repeat(49)}]  0B/2.4MB`],
  [1_200_000, 2_400_000, `[${'='.repeat(25)}>${' '.repeat(24)}]  1.2MB/2.4MB`],
  [2_234_567, 2_234_567, `[${'='.repeat(50)}]  2.235MB/2.235MB`],
  [999, undefined, '999B'],
])('%i of %s', (current, total, bar) => {
  expect(progressBar(current, total)).toBe(bar);
});

test('lines are named by their layer, and the first by its tag', () => {
  const digest = `sha256:${'0'.repeat(64)}` as const;
  expect(layerMessage({ kind: 'message', text: 'latest: Pulling from library/busybox' })).toEqual({
    status: 'Pulling from library/busybox',
    id: 'latest',
  });
  expect(layerMessage({ kind: 'message', text: 'Digest: sha256:0' })).toEqual({ status: 'Digest: sha256:0' });
  expect(layerMessage({ kind: 'layer', id: 'abc', digest, status: 'Pull complete' })).toEqual({
    status: 'Pull complete',
    progressDetail: {},
    id: 'abc',
  });
  expect(layerMessage({ kind: 'layer', id: 'abc', digest, status: 'Downloading', current: 1, total: 2 })).toMatchObject(
    {
      progressDetail: { current: 1, total: 2 },
    },
  );
});
