import { expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { startFailure } from './start-failure';

it.each([
  ['exec: "foo": executable file not found in $PATH', 127],
  ['exec: "/nope": stat /nope: no such file or directory', 127],
  ['exec: "/etc/passwd": permission denied', 126],
  ['exec: "/tmp": is a directory', 126],
  ['exec: "/x": exec format error', 126],
  ['the host has no room', 128],
])('%s: exit code %i', (message, code) => {
  const failure = startFailure(new SandboxError('Unavailable', message));
  expect(failure.code).toBe(code);
  expect(failure.error.message).toContain(message);
  expect(failure.error.code).toBe(code === 128 ? 'Unavailable' : 'InvalidArgument');
});
