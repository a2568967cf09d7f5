import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { run } from '../../scripts/lib/run.mjs';
import { clientVersion } from '../../src/cli/docker/system/version';

const program = findProgram('docker');
const folder = mkdtempSync(join(tmpdir(), 'docker-client-'));

/** Whether docker's own client is here, in the version whose words ours speaks: others word things otherwise. */
export const hasDockerClient =
  program !== undefined && (await run(program, ['--version'], { capture: true })).output.includes(` ${clientVersion},`);

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs docker's own client without a terminal. */
export function dockerClient(
  words: readonly string[],
  { host = 'tcp://127.0.0.1:1', stdin = '' } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? 'docker', words, {
      env: {
        DOCKER_CONFIG: folder,
        DOCKER_HOST: host,
        DOCKER_BUILDKIT: '0',
        HOME: folder,
        DOCKER_CLI_HINTS: 'false',
        TZ: 'UTC',
      },
      cwd: folder,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}

/** What was asked of the engine. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

/** Answers by method and path, without the version of the API: `GET /containers/json`. */
export type Answers = Readonly<Record<string, Answer>>;

export interface Answer {
  readonly status?: number;
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server that says what was recorded of an engine, for tests of what a client makes of that. */
export class RecordedEngine {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #answers: Answers;

  private constructor(answers: Answers) {
    this.#answers = answers;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status = 200, body, headers = {} }) => {
        response.writeHead(status, { 'Content-Type': 'application/json', 'Api-Version': '1.47', ...headers });
        response.end(typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body));
      });
    });
  }

  static async open(answers: Answers): Promise<RecordedEngine> {
    const engine = new RecordedEngine(answers);
    await new Promise<void>((resolve) => engine.#server.listen(0, '127.0.0.1', resolve));
    return engine;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://engine');
    const path = decodeURIComponent(url.pathname.replace(/^\/v[\d.]+/, ''));
    let body = '';
    for await (const chunk of request) body += chunk;
    if (path === '/_ping') return { headers: { 'Docker-Experimental': 'false', Ostype: 'linux' }, body: 'OK' };
    const query = Object.fromEntries(
      [...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)]),
    );
    this.asked.push({ method: request.method ?? '', path, query, body });
    const known = this.#answers[`${request.method} ${path}`];
    return known ?? { status: 404, body: { message: `No such thing: ${path}` } };
  }
}
