import type { Credentials, PulledImage } from '../../src/api/distribution';
import { systemClock } from '../../src/base/clock';
import { parseReference, serializeReference } from '../../src/formats/reference';
import { acceptPort } from '../../src/rpc/accept-browser';
import { expose } from '../../src/rpc/control';
import { type OpenedStore, openContentStore } from '../../src/storage/open-content-store';
import { ImageRegistries } from '../../src/storage/registry/image-registries';
import { registryFetch } from '../../src/storage/registry/registry-fetch';

export interface TimedPull extends PulledImage {
  readonly ms: number;
}

/** The store and the registries of a page, in a worker as they are there. */
class PullStation {
  readonly #opened = openContentStore();
  readonly #credentials = new Map<string, Credentials>();
  #registries: ImageRegistries | undefined;

  async ready(): Promise<void> {
    await this.#opened;
  }

  login(registry: string, credentials: Credentials): void {
    this.#credentials.set(registry, credentials);
  }

  /** `tell` hears the status of each layer. */
  async pull(name: string, tell?: (status: string) => void): Promise<TimedPull> {
    const registries = await this.#open();
    const begun = performance.now();
    const pulled = await registries.pull(name, {
      onEvent: (event) => {
        if (event.kind === 'layer') tell?.(event.status);
      },
    });
    return { ...pulled, ms: performance.now() - begun };
  }

  async push(name: string): Promise<string> {
    return (await this.#open()).push(name);
  }

  async tag(name: string, as: string): Promise<void> {
    const { images } = await this.#opened;
    const canonical = (text: string): string => serializeReference(parseReference(text));
    await images.tag(canonical(as), await images.resolve(canonical(name)));
  }

  async #open(): Promise<ImageRegistries> {
    const { images: content, metadata }: OpenedStore = await this.#opened;
    this.#registries ??= new ImageRegistries({
      content,
      metadata,
      fetch: registryFetch(globalThis),
      clock: systemClock,
      layoutUrl: new URL('/registry/', location.origin).href,
      pageOrigin: location.origin,
      credentials: async (registry) => this.#credentials.get(registry),
    });
    return this.#registries;
  }
}

export type { PullStation };

acceptPort((port) => expose(new PullStation(), port));
