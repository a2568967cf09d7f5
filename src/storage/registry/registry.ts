import type { Digest } from '../../api/content-store';
import type { FindCredentials } from '../../api/distribution';
import type { Operation } from '../../api/operation';
import { originOfRegistry } from './registry-address';
import { RegistryAuthorizer } from './registry-authorizer';
import { discard, Transport, type TransportOptions, type TransportRequest } from './transport';

export interface RegistryOptions extends TransportOptions {
  readonly credentials: FindCredentials;
  /** Origins that are asked in place of registries, by name, as docker's `registry-mirrors`. */
  readonly mirrors?: Readonly<Record<string, string>>;
}

/** Blobs whose repository is remembered; beyond that the oldest is forgotten. */
const knownLimit = 10_000;

/** One registry: where it is, who we are there, and what it has been seen to have. */
export class Registry {
  readonly transport: Transport;
  /** As in references. */
  readonly name: string;
  /** `https://registry.example.org` */
  readonly origin: string;
  readonly #authorizer: RegistryAuthorizer;
  readonly #known = new Map<Digest, string>();

  constructor(name: string, options: RegistryOptions) {
    const { credentials, mirrors, pageOrigin } = options;
    this.name = name;
    this.origin = mirrors?.[name] ?? originOfRegistry(name, pageOrigin);
    this.transport = new Transport(options);
    const { origin, transport } = this;
    this.#authorizer = new RegistryAuthorizer({ registry: name, origin, transport, credentials });
  }

  authorization(scope: readonly string[]): NonNullable<TransportRequest['authorization']> {
    return { origin: this.origin, authorizer: this.#authorizer, scope };
  }

  /** Whether it answers, and knows who we are: what `docker login` asks (distribution-spec v1.1, "Determining Support"). */
  async check(operation: Operation): Promise<void> {
    const request: TransportRequest = {
      method: 'GET',
      url: `${this.origin}/v2/`,
      subject: { action: 'login', name: this.name },
      authorization: this.authorization([]),
    };
    await this.transport.exchange(request, operation.signal, async (response) => discard(response));
  }

  /** Remembers that a repository has a blob, which others can be given without sending it. */
  remember(digest: Digest, repository: string): void {
    this.#known.delete(digest);
    this.#known.set(digest, repository);
    const [oldest] = this.#known.size > knownLimit ? this.#known.keys() : [];
    if (oldest) this.#known.delete(oldest);
  }

  /** A repository that has been seen to have the blob. */
  repositoryOf(digest: Digest): string | undefined {
    return this.#known.get(digest);
  }
}
