import { expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { execFailure, startFailure } from './start-failure';

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

it.each([
  ['exec: "foo": executable file not found in $PATH', 127, 127, 'InvalidArgument'],
  ['chdir to cwd (/nope): No such file or directory', 125, 126, 'Internal'],
])('%s of a program that joins a container: exit code %i', (message, exitCode, code, kind) => {
  const failure = execFailure(new SandboxError('Unavailable', message, { details: { exitCode } }));
  expect(failure).toMatchObject({
    code,
    error: {
      code: kind,
      message: `OCI runtime exec failed: exec failed: unable to start container process: ${message}: unknown`,
    },
  });
});
