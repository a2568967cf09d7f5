import type { Digest } from '../api/content-store';
import type { DiskFormat, DiskInfo, DiskSpec, DiskStore } from '../api/disk';
import type { Operation } from '../api/operation';
import { SandboxError, throwIfAborted, toSandboxError } from '../base/errors';
import { annotations, type Descriptor } from '../formats/oci';
import { storedForm } from '../formats/oci-parse';
import type { DiskBook } from './disk-book';
import { writeDiskImage } from './disk-copies';
import type { StoredTemplate } from './lab-records';
import type { ArtifactLoader } from './store-client';

/** Where empty file systems are, in the registry; `images/disks` makes them. */
const referenceOf = (format: DiskFormat): string => `strata/disk:${format}`;

/** A disk with a file system. */
export type FormattedDiskSpec = Required<Pick<DiskSpec, 'sizeMiB' | 'format'>>;

export interface DiskTemplatesOptions {
  readonly disks: DiskStore;
  readonly book: DiskBook;
  /** Without, there are no formatted disks. */
  readonly loader: ArtifactLoader | undefined;
  /** Fires when the store ends. */
  readonly lost: () => AbortSignal;
}

/**
 * Disks that have a file system from the beginning: copy-on-write copies of an empty one, which is fetched and written
 * to the disk store once, as a generation whose disk is gone. So no guest has to make one, and a new disk of any size
 * costs a record.
 */
export class DiskTemplates {
  readonly #options: DiskTemplatesOptions;
  readonly #loading = new Map<string, Promise<StoredTemplate>>();

  constructor(options: DiskTemplatesOptions) {
    this.#options = options;
  }

  /**
   * A new disk, of which `completeDisk` knows the size. Errors: `NotFound` when the registry has no such file
   * system, `Unavailable` when it cannot be fetched, `ResourceExhausted`.
   */
  async create(spec: FormattedDiskSpec, operation: Operation = {}): Promise<DiskInfo> {
    const { disks } = this.#options;
    const { sizeMiB, format } = spec;
    const template = await this.#require(format, sizeMiB, operation);
    try {
      return await disks.fork(template.base);
    } catch (thrown) {
      if (toSandboxError(thrown).code !== 'NotFound') throw thrown;
    }
    // It went with a store that was only in memory.
    await this.#options.book.remove(template);
    return disks.fork((await this.#require(format, sizeMiB, operation)).base);
  }

  async #require(format: DiskFormat, sizeMiB: number, { signal, onProgress }: Operation): Promise<StoredTemplate> {
    throwIfAborted(signal);
    onProgress?.({ phase: `Preparing an ${format} file system` });
    const key = templateId(format, sizeMiB);
    const known = this.#loading.get(key);
    if (known) return known;
    const loading = this.#current(format, sizeMiB).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** The one that the registry has now. While that cannot be asked, the one that was stored. */
  async #current(format: DiskFormat, sizeMiB: number): Promise<StoredTemplate> {
    const stored = this.#options.book.template(templateId(format, sizeMiB));
    try {
      const layer = await this.#layer(format, sizeMiB);
      const { digest } = storedForm(layer);
      if (stored?.digest === digest) return stored;
      return await this.#store(format, sizeMiB, digest, stored);
    } catch (thrown) {
      if (stored && toSandboxError(thrown).code === 'Unavailable') return stored;
      throw thrown;
    }
  }

  async #layer(format: DiskFormat, sizeMiB: number): Promise<Descriptor> {
    const { manifest } = await this.#loader.resolve(referenceOf(format));
    const found = manifest.layers.find((layer) => layer.annotations?.[annotations.title] === String(sizeMiB));
    if (found) return found;
    const message = `The registry has no empty ${format} file system of ${sizeMiB} MiB: choose another size, or a disk without one`;
    throw new SandboxError('NotFound', message, { details: { format, sizeMiB } });
  }

  async #store(
    format: DiskFormat,
    sizeMiB: number,
    digest: Digest,
    before: StoredTemplate | undefined,
  ): Promise<StoredTemplate> {
    const { disks, book, lost } = this.#options;
    const image = await this.#loader.load({ reference: referenceOf(format), part: { title: String(sizeMiB) } });
    const base = await writeDiskImage(disks, once(new Uint8Array(image)), sizeMiB, lost());
    const template: StoredTemplate = {
      kind: 'template',
      id: templateId(format, sizeMiB),
      format,
      sizeMiB,
      digest,
      base,
    };
    try {
      await book.put(template);
    } catch (error) {
      await disks.deleteGeneration(base).catch(() => {});
      throw error;
    }
    // What stands on the one before keeps it; if it cannot be deleted now, the next opening of the lab does.
    if (before) await disks.deleteGeneration(before.base).catch(() => {});
    return template;
  }

  get #loader(): ArtifactLoader {
    const { loader } = this.#options;
    if (!loader) throw new SandboxError('Unimplemented', 'This lab has no file systems for new disks');
    return loader;
  }
}

function templateId(format: DiskFormat, sizeMiB: number): string {
  return `${format}-${sizeMiB}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
