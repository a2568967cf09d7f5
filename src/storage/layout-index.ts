import type { Clock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { withTimeout } from '../base/timeout';
import type { Index } from '../formats/oci';
import { documentLimit, parseIndex } from '../formats/oci-parse';
import type { Fetch } from './download';
import type { MetadataStore } from './metadata-store';
import { readLimited } from './read-body';

export interface LayoutIndexOptions {
  /** Directory of `index.json` and `blobs/`, with a slash at the end. */
  readonly baseUrl: string;
  readonly metadata: MetadataStore;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** A server that has not given a few kilobytes by now is taken for away; milliseconds. */
const indexTimeoutMs = 5000;

const copyPrefix = 'index:';

/**
 * The last index that was seen of each registry, by whatever page of this origin: those at other paths, perhaps of other
 * versions, have the same store.
 */
export async function seenIndexes(metadata: MetadataStore): Promise<readonly Index[]> {
  return (await metadata.list(copyPrefix)).map(parseCopy);
}

function parseCopy(text: string): Index {
  return parseIndex(new TextEncoder().encode(text));
}

/** `index.json` of a static OCI image layout (image-spec v1.1, image-layout.md). */
export class LayoutIndex {
  readonly #options: LayoutIndexOptions;
  #index: Promise<Index> | undefined;

  constructor(options: LayoutIndexOptions) {
    this.#options = options;
  }

  /**
   * Fetched once in the life of this object; the copy stored before stands in only while it cannot be fetched.
   * `Unavailable` when there is neither.
   */
  async current(): Promise<Index> {
    this.#index ??= this.#fetch();
    const fetching = this.#index;
    try {
      return await fetching;
    } catch (error) {
      if (this.#index === fetching) this.#index = undefined;
      const stored = await this.#options.metadata.get(this.#key);
      if (stored === undefined) throw error;
      return parseCopy(stored);
    }
  }

  /** Whether another one was stored before, since this was last settled. */
  async hasChanged(): Promise<boolean> {
    return (await this.#options.metadata.get(this.#changedKey)) === 'yes';
  }

  async settleChange(): Promise<void> {
    await this.#options.metadata.put(this.#changedKey, 'no');
  }

  async #fetch(): Promise<Index> {
    const { clock, fetch } = this.#options;
    const url = this.#url;
    const message = `Cannot fetch ${url}: nothing came for ${indexTimeoutMs / 1000} seconds; check the connection`;
    const abort = new AbortController();
    const bytes = await withTimeout(clock, indexTimeoutMs, message, fetchDocument(fetch, url, abort.signal)).catch(
      (error: unknown) => {
        abort.abort();
        throw error;
      },
    );
    const index = parseIndex(bytes);
    await this.#keep(new TextDecoder().decode(bytes));
    return index;
  }

  async #keep(text: string): Promise<void> {
    const { metadata } = this.#options;
    const before = await metadata.get(this.#key);
    if (before === text) return;
    // First: a page that ends in between keeps it at its next visit.
    if (before !== undefined) await metadata.put(this.#changedKey, 'yes');
    await metadata.put(this.#key, text);
  }

  get #url(): string {
    return `${this.#options.baseUrl}index.json`;
  }

  get #key(): string {
    return `${copyPrefix}${this.#url}`;
  }

  get #changedKey(): string {
    return `index-changed:${this.#url}`;
  }
}

async function fetchDocument(fetch: Fetch, url: string, signal: AbortSignal): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { cache: 'no-cache', signal });
    if (response.ok) return await readLimited(response, documentLimit);
  } catch (cause) {
    if (cause instanceof SandboxError && cause.code === 'InvalidArgument') {
      throw new SandboxError('InvalidArgument', `Cannot read ${url}: ${cause.message}`, { details: { url } });
    }
    throw new SandboxError('Unavailable', `Cannot fetch ${url}: the server cannot be reached; check the connection`, {
      cause,
      details: { url },
    });
  }
  throw new SandboxError('Unavailable', `Cannot fetch ${url}: the server answered ${response.status}`, {
    details: { url },
  });
}
