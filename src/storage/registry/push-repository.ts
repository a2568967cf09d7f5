import type { Digest } from '../../api/content-store';
import { SandboxError } from '../../base/errors';
import type { Descriptor } from '../../formats/oci';
import { familiarName } from '../../formats/reference';
import type { FetchedManifest } from './image-source';
import type { Registry } from './registry';
import { discard, type TransportRequest } from './transport';

type PushRequest = Pick<TransportRequest, 'method' | 'url'> & Partial<TransportRequest>;

/** One repository of a registry, for pushing (distribution-spec v1.1, "Push"). */
export class PushRepository {
  readonly #registry: Registry;
  readonly #repository: string;

  constructor(registry: Registry, repository: string) {
    this.#registry = registry;
    this.#repository = repository;
  }

  async has({ digest }: Descriptor, signal: AbortSignal): Promise<boolean> {
    const request = { method: 'HEAD', url: this.#url(`blobs/${digest}`), answers: [404] } as const;
    const found = await this.#exchange(request, signal, async ({ ok }) => ok);
    if (found) this.#registry.remember(digest, this.#repository);
    return found;
  }

  /** Takes the blob from another repository of the registry that is known to have it. Registries need not. */
  async mount({ digest }: Descriptor, signal: AbortSignal): Promise<boolean> {
    const from = this.#registry.repositoryOf(digest);
    if (from === undefined || from === this.#repository) return false;
    const query = new URLSearchParams({ mount: digest, from });
    const request = { method: 'POST', url: this.#url(`blobs/uploads/?${query}`) } as const;
    try {
      const status = await this.#exchange(request, signal, async (response) => response.status, [
        `repository:${from}:pull`,
      ]);
      return status === 201;
    } catch (error) {
      // Who may not read there sends the blob.
      if (error instanceof SandboxError && (error.code === 'FailedPrecondition' || error.code === 'NotFound'))
        return false;
      throw error;
    }
  }

  /** Where the upload goes, and the smallest piece that the registry takes. */
  async beginUpload(signal: AbortSignal): Promise<{ readonly location: string; readonly minimum: number }> {
    return this.#exchange({ method: 'POST', url: this.#url('blobs/uploads/') }, signal, async (response) => ({
      location: this.#location(response),
      minimum: Number(response.headers.get('oci-chunk-min-length') ?? 0) || 0,
    }));
  }

  /** Where the next piece goes. */
  async sendChunk(url: string, start: number, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<string> {
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Range': `${start}-${start + body.length - 1}`,
    };
    const request = { method: 'PATCH', url, headers, body, repeatable: false } as const;
    return this.#exchange(request, signal, async (response) => this.#location(response));
  }

  async endUpload(url: string, digest: Digest, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    const target = new URL(url);
    target.searchParams.set('digest', digest);
    const headers = { 'Content-Type': 'application/octet-stream' };
    const request = { method: 'PUT', url: target.href, headers, body, repeatable: false } as const;
    await this.#exchange(request, signal, async () => undefined);
    this.#registry.remember(digest, this.#repository);
  }

  /** How much of an upload has arrived, as far as the registry lets that be seen. */
  async uploadState(
    url: string,
    signal: AbortSignal,
  ): Promise<{ readonly location: string; readonly offset: number } | undefined> {
    return this.#exchange({ method: 'GET', url }, signal, async (response) => {
      const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
      // "0-0" is one byte, or none: registries disagree.
      if (last === undefined || last === '0') return undefined;
      return { location: this.#location(response), offset: Number(last) + 1 };
    });
  }

  /** Under a tag, or under its digest. */
  async putManifest({ descriptor, bytes }: FetchedManifest, reference: string, signal: AbortSignal): Promise<void> {
    const { mediaType, digest } = descriptor;
    const headers = { 'Content-Type': mediaType };
    const request = { method: 'PUT', url: this.#url(`manifests/${reference}`), headers, body: bytes } as const;
    const stored = await this.#exchange(request, signal, async (response) =>
      response.headers.get('docker-content-digest'),
    );
    if (stored === null || stored === digest || !stored.startsWith('sha256:')) return;
    const message = `${this.#registry.name} keeps the manifest ${digest} as ${stored.slice(0, 80)}: it does not store it bit for bit`;
    throw new SandboxError('DataLoss', message, { details: { digest } });
  }

  #exchange<T>(
    request: PushRequest,
    signal: AbortSignal,
    read: (response: Response) => Promise<T>,
    more: readonly string[] = [],
  ): Promise<T> {
    const { name, transport } = this.#registry;
    const subject = { action: 'push', name: familiarName({ registry: name, repository: this.#repository }) } as const;
    const authorization = this.#registry.authorization([`repository:${this.#repository}:pull,push`, ...more]);
    return transport.exchange({ subject, authorization, ...request }, signal, async (response) => {
      try {
        return await read(response);
      } finally {
        discard(response);
      }
    });
  }

  #url(path: string): string {
    return `${this.#registry.origin}/v2/${this.#repository}/${path}`;
  }

  /** Relative or absolute; what is signed in its query has to stay as it is. */
  #location(response: Response): string {
    const location = response.headers.get('location');
    const { origin, name } = this.#registry;
    if (location === null || !URL.canParse(location, response.url || origin)) {
      const message = `${name} does not say where an upload goes; a registry that web pages push to lets them see it (Access-Control-Expose-Headers: Location, docs/REGISTRIES.md)`;
      throw new SandboxError('FailedPrecondition', message, { details: { reason: 'cors' } });
    }
    const url = new URL(location, response.url || origin);
    if (url.protocol === 'https:' || url.protocol === new URL(origin).protocol) return url.href;
    const message = `${name} wants the upload at ${url.href.slice(0, 200)}, which is not encrypted; nothing is sent there`;
    throw new SandboxError('FailedPrecondition', message, { details: { reason: 'downgrade' } });
  }
}
