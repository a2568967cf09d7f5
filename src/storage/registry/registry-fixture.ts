import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Digest } from '../../api/content-store';
import { digestOf } from '../../formats/digest';
import type { ArtifactBlob } from '../../formats/signature-artifact';
import type { ImageFixture } from './image-fixture';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string;
  readonly authorization: string;
}

/** Answers by itself, and says that it has; or leaves the request to the registry. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A registry on loopback as the specification has it (distribution-spec v1.1), and one that can be made to misbehave. */
export class RegistryFixture implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  readonly blobs = new Map<string, Uint8Array>();
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests = new Map<string, { readonly type: string; readonly bytes: Uint8Array }>();
  fault: Fault = () => false;
  readonly #server: Server;
  readonly #uploads = new Map<string, Buffer[]>();
  #sessions = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<RegistryFixture> {
    const fixture = new RegistryFixture();
    await new Promise<void>((resolve) => fixture.#server.listen(0, '127.0.0.1', resolve));
    return fixture;
  }

  /** As in references: `127.0.0.1:40001`. */
  get name(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  reset(): void {
    this.seen.length = 0;
    this.blobs.clear();
    this.manifests.clear();
    this.fault = () => false;
  }

  addBlob({ descriptor, bytes }: ArtifactBlob): void {
    this.blobs.set(descriptor.digest, bytes);
  }

  addManifest(repository: string, { descriptor, bytes }: ArtifactBlob, tag?: string): void {
    const manifest = { type: descriptor.mediaType, bytes };
    this.manifests.set(`${repository}@${descriptor.digest}`, manifest);
    if (tag !== undefined) this.manifests.set(`${repository}:${tag}`, manifest);
  }

  addImage(repository: string, { manifest, config, layers }: ImageFixture, tag?: string): void {
    for (const blob of [config, ...layers]) this.addBlob(blob);
    this.addManifest(repository, manifest, tag);
  }

  /** Takes so many bytes of a chunk, as when the connection breaks in the middle of it. */
  async takePart(request: IncomingMessage, bytes: number): Promise<void> {
    const [, id = ''] = /uploads\/([^?]+)/.exec(request.url ?? '') ?? [];
    const body = Buffer.concat(await bodyOf(request));
    this.#uploads.get(id)?.push(body.subarray(0, bytes));
  }

  /** Requests for a blob. */
  requestsOf(digest: Digest): readonly SeenRequest[] {
    return this.seen.filter(({ path }) => path.endsWith(digest));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    this.seen.push({
      method,
      path: url,
      range: headers.range ?? '',
      authorization: headers.authorization ?? '',
    });
    if (await this.fault(request, response)) return;
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const [, repository = '', kind = '', rest = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.*)$/.exec(pathname) ?? [];
    if (kind === 'manifests' && method === 'PUT') return this.#takeManifest(request, response, repository, rest);
    if (kind === 'manifests') return this.#giveManifest(request, response, repository, rest);
    if (kind === 'blobs' && rest.startsWith('uploads/')) {
      return this.#upload(request, response, repository, rest.slice(8), searchParams);
    }
    if (kind === 'blobs') return giveBytes(request, response, this.blobs.get(rest));
    response.writeHead(404).end();
  }

  async #takeManifest(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    reference: string,
  ): Promise<void> {
    const bytes = Buffer.concat(await bodyOf(request));
    const digest = await digestOf(bytes);
    const descriptor = { mediaType: request.headers['content-type'] ?? '', digest, size: bytes.length };
    this.addManifest(
      name,
      { descriptor, bytes: new Uint8Array(bytes) },
      reference.includes(':') ? undefined : reference,
    );
    response.writeHead(201, { 'docker-content-digest': digest }).end();
  }

  #giveManifest(request: IncomingMessage, response: ServerResponse, name: string, reference: string): void {
    const found = this.manifests.get(`${name}${reference.includes(':') ? '@' : ':'}${reference}`);
    if (!found) {
      const errors = [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }];
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
      return;
    }
    response.setHeader('content-type', found.type);
    giveBytes(request, response, found.bytes);
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    id: string,
    search: URLSearchParams,
  ): Promise<void> {
    const mount = search.get('mount') ?? '';
    if (request.method === 'POST') {
      if (search.has('from') && this.blobs.has(mount)) {
        response.writeHead(201, { location: `/v2/${name}/blobs/${mount}` }).end();
        return;
      }
      this.#sessions += 1;
      const made = `session-${this.#sessions}`;
      this.#uploads.set(made, []);
      response.writeHead(202, { location: `/v2/${name}/blobs/uploads/${made}?state=a%2Fb` }).end();
      return;
    }
    const parts = this.#uploads.get(id);
    if (!parts) {
      response.writeHead(404).end();
      return;
    }
    const size = (): number => parts.reduce((sum, part) => sum + part.length, 0);
    const location = `/v2/${name}/blobs/uploads/${id}?state=${parts.length}`;
    if (request.method === 'GET') {
      response.writeHead(204, { location, range: `0-${Math.max(0, size() - 1)}` }).end();
      return;
    }
    const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1];
    if (start !== undefined && Number(start) !== size()) {
      response.writeHead(416, { location, range: `0-${Math.max(0, size() - 1)}` }).end();
      return;
    }
    parts.push(...(await bodyOf(request)));
    if (request.method === 'PATCH') {
      response.writeHead(202, { location, range: `0-${size() - 1}` }).end();
      return;
    }
    const bytes = Buffer.concat(parts);
    const digest = search.get('digest') ?? '';
    if ((await digestOf(bytes)) !== digest) {
      const errors = [{ code: 'DIGEST_INVALID', message: 'provided digest did not match uploaded content' }];
      response.writeHead(400).end(JSON.stringify({ errors }));
      return;
    }
    this.#uploads.delete(id);
    this.blobs.set(digest, bytes);
    response.writeHead(201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest }).end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return parts;
}

/** With Range as RFC 9110 has it. */
function giveBytes(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array | undefined): void {
  if (!bytes) {
    const errors = [{ code: 'BLOB_UNKNOWN', message: 'blob unknown to registry' }];
    response.writeHead(404).end(JSON.stringify({ errors }));
    return;
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= bytes.length && start > 0) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const part = bytes.subarray(start);
  const partial = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
  response.writeHead(start > 0 ? 206 : 200, { ...partial, 'content-length': part.length });
  response.end(request.method === 'HEAD' ? undefined : part);
}
