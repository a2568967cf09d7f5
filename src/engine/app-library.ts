import type { AppFile, AppSource, AppSpec } from '../api/app';
import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';
import type { BlobClient } from './blob-client';
import { broughtDigest, broughtImage } from './unikernel-library';

/** What programs and their files are kept under in the store. */
export const appLabel = 'app';

/** Programs that users have brought, and the files for them: blobs of the store. */
export class AppLibrary implements AppSource {
  readonly #blobs: BlobClient;
  /** Brought since the page was opened: nobody may have made an instance of them yet. */
  readonly #brought = new Set<Digest>();

  constructor(blobs: BlobClient) {
    this.#blobs = blobs;
  }

  /** Stores a program. */
  async bring(file: string, bytes: ArrayBuffer): Promise<{ readonly name: string; readonly image: string }> {
    return broughtImage(file, (await this.#put(bytes)).digest);
  }

  /** Stores a file that an app shall find at that path. */
  async bringFile(path: string, bytes: ArrayBuffer): Promise<AppFile> {
    return { path, ...(await this.#put(bytes)) };
  }

  async loadApp(image: string): Promise<ArrayBuffer> {
    const digest = broughtDigest(image);
    const [bytes] = digest ? await this.#blobs.read([digest]) : [];
    if (!bytes) throw new SandboxError('NotFound', `No such program: ${image}; take its file once more`);
    return bytes;
  }

  loadFiles(files: readonly AppFile[]): Promise<readonly ArrayBuffer[]> {
    return this.#blobs.read(files.map(({ digest }) => digest));
  }

  /** Deletes what was brought and is used by none of these any more. */
  async sweep(specs: readonly Pick<AppSpec, 'image' | 'files'>[]): Promise<void> {
    const used = specs.flatMap(({ image, files }) => [broughtDigest(image) ?? [], files.map(({ digest }) => digest)]);
    await this.#blobs.sweep(appLabel, [...this.#brought, ...used.flat()]);
  }

  async #put(bytes: ArrayBuffer): Promise<{ readonly digest: Digest; readonly size: number }> {
    const { digest, size } = await this.#blobs.put(bytes, appLabel);
    this.#brought.add(digest);
    return { digest, size };
  }
}
