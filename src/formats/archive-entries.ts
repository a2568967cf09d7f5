import { SandboxError } from '../base/errors';
import type { TarEntry } from './tar/tar-entry';
import { TarScanner } from './tar/tar-scanner';

export interface ArchiveLimits {
  /** Entries, of whatever kind. */
  readonly entries: number;
  /** Bytes of one file. */
  readonly blobBytes: number;
}

/** A file of an archive of images. */
export interface ArchiveFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Parts of the archive's pieces, and good for as long. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  /** Another file of the archive that this one is the same as; then it has no bytes of its own. */
  readonly link?: string;
}

/**
 * The files of a tar. What the loop does not read of one is skipped. Only where `links` are asked for may a file be a
 * link to another one; docker saves a layer that several images have so. Errors: `InvalidArgument` for what is no
 * tar or beyond the limits, `DataLoss` for one that was cut off, and those of `pieces`.
 */
export async function* readArchiveEntries(
  pieces: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  { links = false }: { readonly links?: boolean } = {},
): AsyncGenerator<ArchiveFile, void, undefined> {
  const walk = new ArchiveWalk(pieces);
  let count = 0;
  try {
    for (let entry = await walk.next(); entry; entry = await walk.next()) {
      count += 1;
      if (count > limits.entries) throw refused(`it has more than ${limits.entries} entries`);
      const { kind, size, target, parts } = entry;
      const name = entry.path.replace(/^\.\//, '');
      if (kind === 'directory') continue;
      const isLink = links && (kind === 'symlink' || kind === 'link');
      if ((kind !== 'file' && !isLink) || parts) throw refused(`${shorten(name)} is a ${parts ? 'sparse file' : kind}`);
      if (size > limits.blobBytes) throw refused(`${shorten(name)} has ${size} bytes`);
      const link = isLink ? targetOf(name, kind === 'symlink', target) : undefined;
      yield { name, size, body: walk.body(entry), ...(link !== undefined && { link }) };
    }
  } finally {
    await walk.end();
  }
}

/** A tar's pieces as they come, with the entries that were seen in them. */
class ArchiveWalk {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #entries: TarEntry[] = [];
  readonly #scanner = new TarScanner((entry) => this.#entries.push(entry));
  #piece: Uint8Array = new Uint8Array();
  /** Where in the tar the piece begins. */
  #start = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  async next(): Promise<TarEntry | undefined> {
    // Behind its end there may be zeros without end.
    while (this.#entries.length === 0 && !this.#scanner.ended) {
      if (!(await this.#advance())) throw cutOff();
    }
    return this.#entries.shift();
  }

  async *body({ offset, size }: TarEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const end = offset + size;
    for (let at = offset; at < end; ) {
      const from = at - this.#start;
      // Of a file that is read when its turn is over nothing is left.
      if (from < 0) throw new SandboxError('Internal', 'A file of an archive is read too late');
      if (from >= this.#piece.length) {
        if (!(await this.#advance())) throw cutOff();
        continue;
      }
      const part = this.#piece.subarray(from, end - this.#start);
      at += part.length;
      yield part;
    }
  }

  async end(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #advance(): Promise<boolean> {
    // Before the next is asked for: what this one was in may be used again for it.
    const next = this.#start + this.#piece.length;
    const { done, value } = await this.#pieces.next();
    if (done) return false;
    this.#start = next;
    this.#piece = value;
    try {
      this.#scanner.push(value);
    } catch (error) {
      throw notTar(error);
    }
    return true;
  }
}

/** A symbolic link starts from its own folder, a hard link from the archive's root. It is only ever looked up by name. */
function targetOf(name: string, symbolic: boolean, target: string): string {
  const path: string[] = symbolic ? name.split('/').slice(0, -1) : [];
  for (const part of target.split('/')) {
    if (part === '..') path.pop();
    else if (part !== '.' && part !== '') path.push(part);
  }
  return path.join('/');
}

function cutOff(): SandboxError {
  return new SandboxError('DataLoss', 'The archive ends too early: it was not copied whole');
}

function notTar(cause: unknown): SandboxError {
  const { message } = cause instanceof Error ? cause : { message: String(cause) };
  return new SandboxError('InvalidArgument', `Not an archive: it is no tar file (${message})`, { cause });
}

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not an archive of images: ${what}`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
