import type { Digest } from '../api/content-store';
import type {
  Credentials,
  PulledImage,
  PullOptions,
  PushOptions,
  SignaturePolicy,
  SignatureState,
} from '../api/distribution';
import type { ImageEvent } from '../api/image-event';
import type { Operation } from '../api/operation';
import type { Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import { familiarName, familiarReference, parseReference } from '../formats/reference';
import { callback, type Remote } from '../rpc/control';
import type { VerifyOptions } from '../storage/registry/image-registries';
import type { RegistryService } from '../storage/registry/registry-service';
import type { StoreService } from '../storage/store-service';
import type { StoreEvent } from '../storage/store-supervision';
import { storePart } from './store-part';
import { runStoreTask } from './store-task';

export interface RegistriesOptions {
  readonly remote: Remote<StoreService>;
  /** What becomes of the store's worker, where it has one that can die. */
  readonly store?: Event<StoreEvent>;
  /** Hears of what came and went. */
  readonly tell?: (event: ImageEvent) => void;
}

/** Registries as a page uses them. Bytes move in the store's worker; here are names, and what becomes of them. */
export class Registries implements Disposable {
  readonly #remote: Remote<StoreService>;
  readonly #service: Remote<RegistryService>;
  readonly #tell: RegistriesOptions['tell'];
  readonly #disposables = new DisposableStore();
  /** In this page's memory alone. */
  readonly #logins = new Map<string, Credentials>();
  /** What this page has set, for a store that keeps nothing. */
  #policy: SignaturePolicy | undefined;

  constructor({ remote, store, tell }: RegistriesOptions) {
    this.#remote = remote;
    this.#tell = tell;
    this.#service = storePart<RegistryService>(remote, 'registries');
    if (store) this.#disposables.add(store((event) => this.#follow(event)));
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Who we are at a registry, until the page ends. `FailedPrecondition` when it does not believe it. */
  async login(registry: string, credentials: Credentials, operation: Operation = {}): Promise<void> {
    await runStoreTask(this.#remote, operation, (task) => this.#service.login(task, registry, credentials));
    this.#logins.set(registry, credentials);
  }

  async logout(registry: string): Promise<void> {
    this.#logins.delete(registry);
    await this.#service.logout(registry);
  }

  /** Brings an image here; the name is as users write it. See `storage/registry/pull-image.ts` for its errors. */
  async pull(name: string, options: PullOptions = {}): Promise<PulledImage> {
    const { platform, policy, onEvent } = options;
    const chosen = { ...(platform && { platform }), ...(policy && { policy }) };
    const pulled = await runStoreTask(this.#remote, options, (task) =>
      this.#service.pull(task, name, chosen, ...(onEvent ? [callback(onEvent)] : [])),
    );
    this.#told('pull', name);
    return pulled;
  }

  /** Brings what a name stands for to its registry. */
  async push(name: string, options: PushOptions = {}): Promise<Digest> {
    const { onEvent } = options;
    const digest = await runStoreTask(this.#remote, options, (task) =>
      this.#service.push(task, name, ...(onEvent ? [callback(onEvent)] : [])),
    );
    this.#told('push', name);
    return digest;
  }

  /** Which signatures pulls want, unless they are told otherwise. */
  policy(): Promise<SignaturePolicy> {
    return this.#service.policy();
  }

  /** Kept over reloads. `InvalidArgument` names the rule that cannot be kept. */
  async setPolicy(policy: SignaturePolicy): Promise<void> {
    await this.#service.setPolicy(policy);
    this.#policy = policy;
  }

  /** What is known about the signature of an image that is here, by the keys of the policy. It is asked for once. */
  verify(name: string, { signal, ...options }: VerifyOptions = {}): Promise<SignatureState> {
    return runStoreTask(
      this.#remote,
      signal ? { signal } : {},
      async (task): Promise<SignatureState> => this.#service.verify(task, name, options),
    );
  }

  /** Signs an image that is here. The name of the signature, which is pushed like any other. */
  sign(name: string, privateKey: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return this.#service.sign(name, privateKey, claims);
  }

  #told(action: 'pull' | 'push', name: string): void {
    const reference = parseReference(name);
    this.#tell?.({ action, id: familiarReference(reference), attributes: { name: familiarName(reference) } });
  }

  /** The next worker of the store does not know who we are, and one without a disk nothing at all. */
  #follow(event: StoreEvent): void {
    if (event.kind !== 'opened' || event.restarts === 0) return;
    // It fails when the worker dies again; then there will be another one.
    if (this.#policy && !event.status.persistent) this.#service.setPolicy(this.#policy).catch(() => undefined);
    for (const [registry, credentials] of this.#logins) {
      // A registry that is away now asks again when it is wanted.
      this.login(registry, credentials).catch(() => undefined);
    }
  }
}
