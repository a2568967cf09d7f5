import type { Digest } from '../../api/content-store';
import type {
  Credentials,
  FindCredentials,
  PulledImage,
  PullOptions,
  PushOptions,
  SignaturePolicy,
  SignatureState,
} from '../../api/distribution';
import type { ImageContent } from '../../api/image';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { throwIfAborted } from '../../base/errors';
import { parseReference, type Reference, serializeReference } from '../../formats/reference';
import type { Fetch } from '../download';
import { LayoutIndex } from '../layout-index';
import type { MetadataStore } from '../metadata-store';
import { checkSignature, keysFor, type SignatureFinding } from '../signing/check-signature';
import { PolicyBook } from '../signing/policy-book';
import { type SignOptions, signImage } from '../signing/sign-image';
import { ContentSource } from './content-source';
import type { ImageSource } from './image-source';
import { LayoutSource } from './layout-source';
import { pullImage } from './pull-image';
import { pushImage } from './push-image';
import { Registry } from './registry';
import { RegistryRepository } from './registry-repository';
import { Transport } from './transport';

export interface ImageRegistriesOptions {
  readonly content: ImageContent;
  readonly metadata: MetadataStore;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Directory of the static image layout that comes with the page, absolute, with a slash at the end. */
  readonly layoutUrl: string;
  /** Nobody unless said. */
  readonly credentials?: FindCredentials;
  /** Origins that are asked in place of registries, by name, as docker's `registry-mirrors`. */
  readonly mirrors?: Readonly<Record<string, string>>;
  /** Where the page is from; absent outside of a browser, where nobody keeps us from other origins. */
  readonly pageOrigin?: string;
}

export interface VerifyOptions extends Operation {
  /** In place of the policy that is kept. */
  readonly policy?: SignaturePolicy;
  /** Also when that is known: somebody may have signed it since. */
  readonly again?: boolean;
}

/** Moves images between the content and where they come from or go to: the layout that comes with the page, and registries. */
export class ImageRegistries {
  readonly #options: ImageRegistriesOptions;
  readonly #registries = new Map<string, Registry>();
  readonly #layoutTransport: Transport;
  readonly #index: LayoutIndex;
  readonly #policies: PolicyBook;

  constructor(options: ImageRegistriesOptions) {
    const { layoutUrl: baseUrl, metadata, fetch, clock } = options;
    this.#options = options;
    this.#layoutTransport = new Transport(options);
    this.#policies = new PolicyBook(metadata);
    this.#index = new LayoutIndex({ baseUrl, metadata, fetch, clock });
  }

  /** Tries the credentials, and keeps them for as long as this object lives. `FailedPrecondition` when they are refused. */
  async login(name: string, credentials: Credentials, operation: Operation = {}): Promise<void> {
    const registry = registryOf(name);
    const known = new Registry(registry, { ...this.#options, credentials: async () => credentials });
    await known.check(operation);
    this.#registries.set(registry, known);
  }

  logout(name: string): void {
    this.#registries.delete(registryOf(name));
  }

  /** What pulls obey. */
  policy(): Promise<SignaturePolicy> {
    return this.#policies.get();
  }

  /** `InvalidArgument` names the rule that cannot be kept. */
  setPolicy(policy: SignaturePolicy): Promise<void> {
    return this.#policies.set(policy);
  }

  /**
   * What is known about the signature of an image that is stored, by the keys of the policy, whatever it demands: as it was
   * checked once, or from signatures that are stored or lie where it comes from.
   */
  async verify(name: string, options: VerifyOptions = {}): Promise<SignatureState> {
    const reference = parseReference(name);
    const { content } = this.#options;
    const policy = options.policy ?? (await this.policy());
    const keys = await keysFor(policy, reference);
    if (!keys) return { kind: 'unchecked' };
    const { digest } = await content.resolve(serializeReference(reference));
    const known = options.again ? undefined : await content.signature(digest);
    if (known?.keys.join() === keys.join()) return known.state;
    const { state, checked } = await this.#check(reference, digest, policy, options);
    if (checked) await content.keepSignature(digest, checked);
    return state;
  }

  /** The best of what is stored and of what lies where the image comes from. */
  async #check(
    reference: Reference,
    digest: Digest,
    { rules }: SignaturePolicy,
    operation: Operation,
  ): Promise<SignatureFinding> {
    const { content, clock } = this.#options;
    const check = {
      clock,
      reference,
      policy: { rules: rules.map((rule) => ({ ...rule, demand: 'accept' as const })) },
      digests: [digest],
    };
    const here = await checkSignature({ ...check, source: new ContentSource(content, reference) }, operation);
    if (here.state.kind === 'signed') return here;
    const there = await checkSignature({ ...check, source: await this.#sourceOf(reference) }, operation);
    return there.state.kind === 'unsigned' ? here : there;
  }

  /** See {@link signImage}. */
  sign(name: string, options: Omit<SignOptions, 'clock'>): Promise<string> {
    return signImage(name, this.#options.content, { ...options, clock: this.#options.clock });
  }

  /** See {@link pullImage}. The name is as users write it: `busybox`, `registry.example.org/web:2`. */
  async pull(name: string, options: PullOptions = {}): Promise<PulledImage> {
    throwIfAborted(options.signal);
    const reference = parseReference(name);
    const { content, clock } = this.#options;
    const policy = options.policy ?? (await this.policy());
    return pullImage(reference, { source: await this.#sourceOf(reference), content, clock }, { ...options, policy });
  }

  /** See {@link pushImage}. The digest of what was pushed. */
  async push(name: string, options: PushOptions = {}): Promise<Digest> {
    throwIfAborted(options.signal);
    const reference = parseReference(name);
    const { content, clock } = this.#options;
    return pushImage(reference, { registry: this.#registry(reference.registry), content, clock }, options);
  }

  /** What comes with the page is taken from it; docker.io, where its names belong, is one that no web page can read. */
  async #sourceOf(reference: Reference): Promise<ImageSource> {
    if (reference.registry === 'docker.io') {
      const layout = this.#layoutSource(reference);
      const { mirrors } = this.#options;
      // Without a mirror, that the layout cannot be had is the failure to tell of.
      const failed = (error: unknown): false => {
        if (mirrors?.['docker.io'] === undefined) throw error;
        return false;
      };
      if (await layout.offers(reference).catch(failed)) return layout;
    }
    return new RegistryRepository(this.#registry(reference.registry), reference.repository);
  }

  #layoutSource(reference: Reference): LayoutSource {
    const { layoutUrl: baseUrl } = this.#options;
    return new LayoutSource({ baseUrl, index: this.#index, transport: this.#layoutTransport }, reference.repository);
  }

  #registry(name: string): Registry {
    const known = this.#registries.get(name);
    if (known) return known;
    const { credentials = nobody } = this.#options;
    const registry = new Registry(name, { ...this.#options, credentials });
    this.#registries.set(name, registry);
    return registry;
  }
}

/** `docker.io` by whatever name it goes. */
function registryOf(name: string): string {
  return parseReference(`${name}/any`).registry;
}

async function nobody(): Promise<undefined> {}
