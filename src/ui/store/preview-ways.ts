import type { InstanceId } from '../../api/instance';
import type { PreviewLink, PreviewLinks } from '../previews/preview-links';

/** The ways by which the page shows published ports, from the first one on. */
export class PreviewWays {
  readonly #fetch: (() => Promise<PreviewLinks>) | undefined;
  readonly #failed: (error: unknown) => void;
  #links: Promise<PreviewLinks> | undefined;

  /** Without `fetch` there are none. */
  constructor(fetch: (() => Promise<PreviewLinks>) | undefined, failed: (error: unknown) => void) {
    this.#fetch = fetch;
    this.#failed = failed;
  }

  /** Undefined, and told of, when the part of the page that shows ports cannot be had. */
  async open(id: InstanceId, port: number): Promise<PreviewLink | undefined> {
    try {
      this.#links ??= this.#fetch?.();
      const links = await this.#links;
      return await links?.open(id, port);
    } catch (error) {
      // Offline before it was ever fetched: the next time tries again.
      this.#links = undefined;
      this.#failed(error);
      return undefined;
    }
  }

  /** Those to other ports end. `published` as `ID-PORT`. */
  keep(published: readonly string[]): void {
    this.#links?.then(
      (links) => links.keep(new Set(published)),
      () => {},
    );
  }
}
