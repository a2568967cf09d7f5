import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Who the registry lets in: anybody, or those of a file in the form of htpasswd, or who has a token. */
export type RegistryAccess =
  | { readonly kind: 'anybody' }
  | { readonly kind: 'htpasswd'; readonly lines: string }
  | { readonly kind: 'token'; readonly server: TokenServer };

/** Debian's docker-registry on a port of its own, with an empty store; ends with the test. */
export class DockerRegistry implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #folder: string;
  /** `127.0.0.1:40001` */
  readonly name: string;

  private constructor(child: ChildProcess, folder: string, name: string) {
    this.#process = child;
    this.#folder = folder;
    this.name = name;
  }

  /** `page` is an origin whose pages may read all that it answers (docs/REGISTRIES.md). */
  static async start(
    program: string,
    access: RegistryAccess = { kind: 'anybody' },
    page?: string,
  ): Promise<DockerRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-registry-'));
    const config = {
      version: '0.1',
      log: { level: 'info' },
      storage: { filesystem: { rootdirectory: join(folder, 'store') } },
      http: { addr: '127.0.0.1:0', secret: 'of the tests', ...(page !== undefined && { headers: corsHeaders(page) }) },
      ...(await accessConfig(access, folder)),
    };
    const path = join(folder, 'config.json');
    // JSON is YAML.
    await writeFile(path, JSON.stringify(config));
    const child = spawn(program, ['serve', path], { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      return new DockerRegistry(child, folder, await listening(child));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function corsHeaders(page: string): Readonly<Record<string, readonly string[]>> {
  return {
    'Access-Control-Allow-Origin': [page],
    'Access-Control-Allow-Methods': ['GET, HEAD, POST, PUT, PATCH'],
    'Access-Control-Allow-Headers': ['Authorization, Accept, Content-Type, Content-Range, Range, Cache-Control'],
    'Access-Control-Expose-Headers': ['WWW-Authenticate, Docker-Content-Digest, Location, Range, Retry-After'],
  };
}

async function accessConfig(access: RegistryAccess, folder: string): Promise<object> {
  if (access.kind === 'anybody') return {};
  if (access.kind === 'htpasswd') {
    const path = join(folder, 'htpasswd');
    await writeFile(path, access.lines);
    return { auth: { htpasswd: { realm: 'tests', path } } };
  }
  const { url, certificate } = access.server;
  return { auth: { token: { realm: url, service: 'tests', issuer: 'tests', rootcertbundle: certificate } } };
}

/** Where it listens, from what it says when it does. */
async function listening(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  if (child.stderr) {
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (!address) continue;
      // What it says from now on nobody reads, and it must not wait for that.
      child.stderr.resume();
      return address;
    }
  }
  throw new Error(`docker-registry did not start: ${said.join('\n')}`);
}

/** What a user may do in which repositories: `{ 'team/web': ['pull'] }`. Who gives no name is ''. */
type Grants = Readonly<
  Record<string, { readonly password: string; readonly allow: Readonly<Record<string, readonly string[]>> }>
>;

/** A server of tokens as docker-registry wants them (distribution, docs/spec/auth/jwt.md): signed by ES256. */
export class TokenServer implements AsyncDisposable {
  /** Scopes that were asked for, in order, with who asked. */
  readonly asked: { readonly user: string; readonly scopes: readonly string[] }[] = [];
  /** Seconds that the next tokens are good for; what is past is not, even with the minute that the registry grants. */
  lifeSeconds = 300;
  readonly #folder: string;
  readonly #server = createServer((request, response) => {
    const { status, body } = this.#answer(request.url ?? '', request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  readonly #grants: Grants;
  #key = '';
  #chain = '';

  private constructor(folder: string, grants: Grants) {
    this.#folder = folder;
    this.#grants = grants;
  }

  static async start(openssl: string, grants: Grants): Promise<TokenServer> {
    const server = new TokenServer(await mkdtemp(join(tmpdir(), 'strata-tokens-')), grants);
    await server.#makeKey(openssl);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`;
  }

  /** Path of the certificate that tokens are trusted by. */
  get certificate(): string {
    return join(this.#folder, 'certificate.pem');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #makeKey(openssl: string): Promise<void> {
    const path = join(this.#folder, 'key.pem');
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=tests'];
    await promisify(execFile)(openssl, ['req', '-x509', ...kind, '-keyout', path, '-out', this.certificate]);
    this.#key = await readFile(path, 'utf8');
    this.#chain = new X509Certificate(await readFile(this.certificate)).raw.toString('base64');
  }

  #answer(url: string, authorization: string | undefined): { readonly status: number; readonly body: unknown } {
    const [user = '', password = ''] = decodeBasic(authorization);
    const scopes = new URL(url, 'http://localhost').searchParams.getAll('scope');
    this.asked.push({ user, scopes });
    const grant = this.#grants[user];
    if (!grant || grant.password !== password) {
      const errors = [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }];
      return { status: 401, body: { errors } };
    }
    const access = scopes.flatMap((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      const allowed = actions.split(',').filter((action) => grant.allow[name]?.includes(action));
      return allowed.length > 0 ? [{ type, name, actions: allowed }] : [];
    });
    return { status: 200, body: { token: this.#sign(user, access), expires_in: Math.max(1, this.lifeSeconds) } };
  }

  #sign(user: string, access: unknown): string {
    const now = Math.floor(Date.now() / 1000);
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = encode({ typ: 'JWT', alg: 'ES256', x5c: [this.#chain] });
    const jti = createHash('sha256').update(`${user} ${this.asked.length}`).digest('hex');
    const exp = now + this.lifeSeconds;
    const claims = encode({ iss: 'tests', sub: user, aud: 'tests', exp, nbf: now - 3600, iat: now, jti, access });
    const key = { key: createPrivateKey(this.#key), dsaEncoding: 'ieee-p1363' } as const;
    const signature = sign('sha256', Buffer.from(`${head}.${claims}`), key).toString('base64url');
    return `${head}.${claims}.${signature}`;
  }
}

function decodeBasic(authorization = ''): readonly string[] {
  const text = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}
