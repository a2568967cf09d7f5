import type { ImageContent } from '../../api/image';
import type { Descriptor } from '../../formats/oci';
import { type Reference, serializeReference } from '../../formats/reference';
import type { BlobBody, FetchedManifest, ImageSource } from './image-source';

/** What is stored of one repository, as a source like others: signatures are looked for here as they are elsewhere. */
export class ContentSource implements ImageSource {
  readonly #content: ImageContent;
  readonly #repository: Pick<Reference, 'registry' | 'repository'>;

  constructor(content: ImageContent, { registry, repository }: Pick<Reference, 'registry' | 'repository'>) {
    this.#content = content;
    this.#repository = { registry, repository };
  }

  async manifest(tagOrDigest: string): Promise<FetchedManifest> {
    const name = tagOrDigest.includes(':')
      ? tagOrDigest
      : serializeReference({ ...this.#repository, tag: tagOrDigest });
    const descriptor = await this.#content.resolve(name);
    return { descriptor, bytes: await this.#content.read(descriptor.digest) };
  }

  async blob({ digest, size }: Descriptor, offset: number): Promise<BlobBody> {
    const content = this.#content;
    const pieces = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
      yield* content.open(digest, { start: offset, end: size });
    };
    return { offset, pieces: pieces() };
  }
}
