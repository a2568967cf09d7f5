import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import type { Descriptor } from '../../formats/oci';
import { documentLimit } from '../../formats/oci-parse';
import { familiarName } from '../../formats/reference';
import { readLimited } from '../read-body';
import { blobBody, rangeAnswers, rangeFrom } from './blob-body';
import { manifestTypes, verifyManifest } from './fetched-manifest';
import type { BlobBody, BlobRequest, FetchedManifest, ImageSource } from './image-source';
import type { Registry } from './registry';
import type { TransportRequest } from './transport';

/** One repository of a registry, for pulling (distribution-spec v1.1, "Pull"). */
export class RegistryRepository implements ImageSource {
  readonly #registry: Registry;
  readonly #repository: string;
  /** As docker shows it. */
  readonly #name: string;

  constructor(registry: Registry, repository: string) {
    this.#registry = registry;
    this.#repository = repository;
    this.#name = familiarName({ registry: registry.name, repository });
  }

  async manifest(tagOrDigest: string, operation: Operation = {}): Promise<FetchedManifest> {
    try {
      return await this.#fetchManifest(tagOrDigest, tagOrDigest.includes(':') ? 'default' : 'no-cache', operation);
    } catch (error) {
      // What the HTTP cache has may be what is damaged.
      if (!(error instanceof SandboxError && error.code === 'DataLoss')) throw error;
      return this.#fetchManifest(tagOrDigest, 'reload', operation);
    }
  }

  async blob(descriptor: Descriptor, offset: number, { signal, cache }: BlobRequest): Promise<BlobBody> {
    const headers = rangeFrom(offset);
    const request = this.#request(`blobs/${descriptor.digest}`, { headers, cache, answers: rangeAnswers });
    const body = blobBody(await this.#registry.transport.send(request, signal), descriptor, offset);
    this.#registry.remember(descriptor.digest, this.#repository);
    return body;
  }

  #fetchManifest(tagOrDigest: string, cache: RequestCache, { signal }: Operation): Promise<FetchedManifest> {
    const name = `${this.#name}${tagOrDigest.includes(':') ? '@' : ':'}${tagOrDigest}`;
    const headers = { Accept: manifestTypes.join(', ') };
    const request = this.#request(`manifests/${tagOrDigest}`, { headers, cache }, tagOrDigest);
    return this.#registry.transport.exchange(request, signal, async (response) => {
      const { headers: said } = response;
      const digest = tagOrDigest.includes(':') ? tagOrDigest : said.get('docker-content-digest');
      return verifyManifest(await readDocument(response, name), name, {
        contentType: said.get('content-type'),
        digest,
      });
    });
  }

  #request(
    path: string,
    more: Pick<TransportRequest, 'headers' | 'cache' | 'answers'>,
    manifest?: string,
  ): TransportRequest {
    return {
      method: 'GET',
      url: `${this.#registry.origin}/v2/${this.#repository}/${path}`,
      subject: { action: 'pull', name: this.#name, ...(manifest !== undefined && { manifest }) },
      authorization: this.#registry.authorization([`repository:${this.#repository}:pull`]),
      ...more,
    };
  }
}

/** A manifest's bytes; `InvalidArgument` when there are more than manifests may have. */
export async function readDocument(response: Response, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readLimited(response, documentLimit);
  } catch (error) {
    if (!(error instanceof SandboxError && error.code === 'InvalidArgument')) throw error;
    throw new SandboxError('InvalidArgument', `Not a manifest: ${name}: ${error.message}, which no manifest has`);
  }
}
