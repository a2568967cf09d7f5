import { expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { startFailure } from './start-failure';

it.each([
  ['exec: "foo": executable file not found in $PATH', 127, 127, 'InvalidArgument'],
  ['exec: "/etc/passwd": permission denied', 126, 126, 'InvalidArgument'],
  ['sysctl "kernel.x": no such file', 125, 128, 'Internal'],
  ['the host has no room', undefined, 128, 'Unavailable'],
])('%s: exit code %i', (message, exitCode, code, kind) => {
  const details = exitCode === undefined ? {} : { exitCode };
  const failure = startFailure(new SandboxError('Unavailable', message, { details }));
  expect(failure.code).toBe(code);
  expect(failure.error.message).toContain(message);
  expect(failure.error.code).toBe(kind);
});
