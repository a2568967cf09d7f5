import type { Digest } from '../../api/content-store';
import type {
  Credentials,
  PullEvent,
  PulledImage,
  PullOptions,
  PushEvent,
  SignaturePolicy,
  SignatureState,
} from '../../api/distribution';
import { allHeard } from '../all-heard';
import type { NamedTasks } from '../named-tasks';
import type { ImageRegistries, ImageRegistriesOptions, VerifyOptions } from './image-registries';
import { registryFetch } from './registry-fetch';

export type RegistryServiceOptions = Omit<ImageRegistriesOptions, 'pageOrigin' | 'credentials'>;

/** Registries with calls that cross a MessagePort. `task` is the caller's name for a call, by which it can be stopped. */
export class RegistryService {
  readonly #options: RegistryServiceOptions;
  readonly #tasks: NamedTasks;
  #registries: Promise<ImageRegistries> | undefined;

  constructor(options: RegistryServiceOptions, tasks: NamedTasks) {
    this.#options = options;
    this.#tasks = tasks;
  }

  login(task: string, registry: string, credentials: Credentials): Promise<void> {
    return this.#tasks.run(task, undefined, async (operation) =>
      (await this.#open()).login(registry, credentials, operation),
    );
  }

  async logout(registry: string): Promise<void> {
    (await this.#open()).logout(registry);
  }

  pull(
    task: string,
    name: string,
    options: Pick<PullOptions, 'platform' | 'policy'>,
    onEvent?: (event: PullEvent) => void,
  ): Promise<PulledImage> {
    return this.#tasks.run(task, undefined, (operation) =>
      allHeard(onEvent, async (tell) =>
        (await this.#open()).pull(name, { ...operation, ...options, ...(tell && { onEvent: tell }) }),
      ),
    );
  }

  push(task: string, name: string, onEvent?: (event: PushEvent) => void): Promise<Digest> {
    return this.#tasks.run(task, undefined, (operation) =>
      allHeard(onEvent, async (tell) =>
        (await this.#open()).push(name, { ...operation, ...(tell && { onEvent: tell }) }),
      ),
    );
  }

  verify(task: string, name: string, options: Omit<VerifyOptions, 'signal'> = {}): Promise<SignatureState> {
    return this.#tasks.run(task, undefined, async (operation) =>
      (await this.#open()).verify(name, { ...options, ...operation }),
    );
  }

  async policy(): Promise<SignaturePolicy> {
    return (await this.#open()).policy();
  }

  async setPolicy(policy: SignaturePolicy): Promise<void> {
    await (await this.#open()).setPolicy(policy);
  }

  /** The name of the signature, which can be pushed. */
  async sign(name: string, privateKey: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return (await this.#open()).sign(name, { privateKey, claims });
  }

  /** Code that is fetched when it is first wanted: the way to a prompt has no use for it. */
  #open(): Promise<ImageRegistries> {
    this.#registries ??= this.#load().catch((error: unknown) => {
      this.#registries = undefined;
      throw error;
    });
    return this.#registries;
  }

  async #load(): Promise<ImageRegistries> {
    const { ImageRegistries } = await import('./image-registries');
    const { layoutUrl } = this.#options;
    // In a browser it is its rules that count; the layout comes from where the page does.
    const browser = 'location' in globalThis;
    return new ImageRegistries({
      ...this.#options,
      ...(browser && { fetch: registryFetch(globalThis), pageOrigin: new URL(layoutUrl).origin }),
    });
  }
}
