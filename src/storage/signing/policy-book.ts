import type { SignaturePolicy } from '../../api/distribution';
import type { MetadataStore } from '../metadata-store';
import { projectPolicy } from './project-policy';
import { parseSignaturePolicy } from './signature-policy';

const key = 'signature-policy';

/** The policy that pulls obey, kept in the store: the project's own until somebody sets another. */
export class PolicyBook {
  readonly #metadata: MetadataStore;

  constructor(metadata: MetadataStore) {
    this.#metadata = metadata;
  }

  /** `InvalidArgument` when what is kept cannot be read: nothing is pulled by rules that nobody knows. */
  async get(): Promise<SignaturePolicy> {
    const kept = await this.#metadata.get(key);
    return kept === undefined ? projectPolicy : parseSignaturePolicy(JSON.parse(kept));
  }

  /** Acknowledged, it is on the disk. `InvalidArgument` names the rule that cannot be kept. */
  async set(policy: SignaturePolicy): Promise<void> {
    await this.#metadata.put(key, JSON.stringify(await parseSignaturePolicy(policy)), { durability: 'strict' });
  }
}
