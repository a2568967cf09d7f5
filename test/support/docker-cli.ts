import { spawn } from 'node:child_process';
import type { Outcome } from './node-lab';

export interface DockerRun extends Outcome {
  /** Both outputs, without the spaces around them. */
  readonly text: string;
}

export interface DockerCliOptions {
  readonly program: string;
  /** As `DOCKER_HOST` has it. */
  readonly host: string;
  /** Where the client keeps what it knows: nothing of the user's. */
  readonly config: string;
  /** Variables that it gets besides. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The real docker client, or another of an engine's clients, for an engine of ours. */
export class DockerCli {
  readonly #options: DockerCliOptions;

  constructor(options: DockerCliOptions) {
    this.#options = options;
  }

  /** Runs a command to its end. */
  run(args: readonly string[], input = ''): Promise<DockerRun> {
    return this.start(args, input).ended;
  }

  /** Runs it in a terminal of its own; what is typed goes in when `when` has been seen. */
  inTerminal(
    args: readonly string[],
    typed: readonly { readonly when: string; readonly text: string }[],
  ): Promise<DockerRun> {
    const quoted = [this.#options.program, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(' ');
    return this.#spawn('script', ['-qec', quoted, '/dev/null'], typed).ended;
  }

  /** A command that goes on: `until` resolves once it has printed a text. */
  start(args: readonly string[], input?: string) {
    const running = this.#spawn(this.#options.program, args, []);
    if (input !== undefined) running.child.stdin?.end(input);
    return running;
  }

  #spawn(program: string, args: readonly string[], typed: readonly { readonly when: string; readonly text: string }[]) {
    const { host, config, env } = this.#options;
    const child = spawn(program, args, {
      env: { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: config, DOCKER_BUILDKIT: '0', ...env },
      stdio: 'pipe',
    });
    let [stdout, stderr] = ['', ''];
    const waiting = [...typed];
    const listeners = new Set<() => void>();
    let seen = 0;
    const hear = (): void => {
      for (const listener of listeners) listener();
      for (let next = waiting[0]; next; next = waiting[0]) {
        const at = stdout.indexOf(next.when, seen);
        if (at < 0) return;
        seen = at + next.when.length;
        waiting.shift();
        child.stdin.write(next.text);
      }
    };
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
      hear();
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
      hear();
    });
    // It may end before it has read everything.
    child.stdin.on('error', () => undefined);
    const ended = new Promise<DockerRun>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr, text: `${stdout}${stderr}`.trim() }));
    });
    const until = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!`${stdout}${stderr}`.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        void ended.then((run) => reject(new Error(`It ended without ${JSON.stringify(text)}: ${run.text}`)));
      });
    return { child, ended, until };
  }
}
