import { describe, expect, it } from 'vitest';
import { pinnedImage } from './pinned-image';

const digest = `sha256:${'abcd'.repeat(16)}` as const;
const other = `sha256:${'0'.repeat(64)}`;

describe('the name of an image with its digest', () => {
  it.each<[string, readonly string[], string | undefined]>([
    ['busybox', [], `busybox@${digest}`],
    ['docker.io/library/busybox:1.36', [], `busybox@${digest}`],
    ['localhost:5000/web:2', [], `localhost:5000/web@${digest}`],
    [`busybox:1@${other}`, [], `busybox@${digest}`],
    ['abcdabcd', [], undefined],
    ['abcdabcd', [`busybox@${digest}`], `busybox@${digest}`],
    ['cafe', [`cafe@${digest}`], `cafe@${digest}`],
    ['sha256:abcd', [`busybox@${digest}`], `busybox@${digest}`],
    [digest, [], undefined],
    ['abcd'.repeat(16), [], undefined],
  ])('of %s, known as %j, is %s', (called, known, pinned) => {
    expect(pinnedImage(called, digest, known)).toBe(pinned);
  });
});
