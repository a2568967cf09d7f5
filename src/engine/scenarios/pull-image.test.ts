import { expect, it } from 'vitest';
import { type ErrorCode, SandboxError } from '../../base/errors';
import { pullWanted } from './pull-image';

const pinned = `busybox@sha256:${'a'.repeat(64)}`;
const failing = (code: ErrorCode) => async (): Promise<void> => {
  throw new SandboxError(code, 'As the registry says it');
};

it('an image that is wanted to the byte and is gone is told as that, with what to write instead', async () => {
  await expect(pullWanted(failing('NotFound'), pinned, {})).rejects.toMatchObject({
    code: 'NotFound',
    message: expect.stringMatching(/^The image busybox cannot be had as it was: .*Write busybox without the digest/),
  });
});

it.each<[ErrorCode, string]>([
  ['NotFound', 'busybox:1'],
  ['Unavailable', pinned],
])('%s of %s is told in the words of the registry', async (code, image) => {
  await expect(pullWanted(failing(code), image, {})).rejects.toMatchObject({
    code,
    message: 'As the registry says it',
  });
});
