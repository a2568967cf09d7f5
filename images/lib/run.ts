import { spawnSync } from 'node:child_process';
import { SandboxError } from '../../src/base/errors';

export interface RunOptions {
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Lets the program write to our own standard error instead of collecting what it writes. */
  readonly loud?: boolean;
}

const maxOutputBytes = 64 * 1024 * 1024;

/** Runs a program to its end and returns its standard output. `Internal` with its last lines when it fails. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): string {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: maxOutputBytes,
    stdio: ['ignore', 'pipe', options.loud ? 'inherit' : 'pipe'],
    env: { ...process.env, ...options.environment },
    ...(options.directory !== undefined && { cwd: options.directory }),
  });
  if (error) throw new SandboxError('Internal', `Could not run ${program}: ${error.message}`, { cause: error });
  if (status === 0) return stdout;
  const how = signal ? `was ended by ${signal}` : `ended with code ${status}`;
  const lastLines = `${stdout}\n${stderr ?? ''}`.trim().split('\n').slice(-12).join('\n');
  throw new SandboxError('Internal', `${program} ${args.join(' ')} ${how}:\n${lastLines}`);
}
