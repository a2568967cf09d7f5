import type { Digest } from '../../api/content-store';
import type { Images } from '../images';
import type { UserDatabase } from './container-user';

const paths = ['/etc/passwd', '/etc/group'] as const;

/** Who the users of images are. Asked for once of each image: containers of one image start by the dozen. */
export class ImageUsers {
  readonly #images: () => Promise<Pick<Images, 'readTexts'>>;
  readonly #known = new Map<Digest, Promise<UserDatabase>>();

  constructor(images: () => Promise<Pick<Images, 'readTexts'>>) {
    this.#images = images;
  }

  of(image: Digest): Promise<UserDatabase> {
    const known = this.#known.get(image) ?? this.#read(image);
    this.#known.set(image, known);
    known.catch(() => this.#known.delete(image));
    return known;
  }

  async #read(image: Digest): Promise<UserDatabase> {
    const texts = await (await this.#images()).readTexts(image, paths);
    return { passwd: texts[paths[0]] ?? '', group: texts[paths[1]] ?? '' };
  }
}
