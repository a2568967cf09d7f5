import type { ContentStore, Digest, Ingest } from '../api/content-store';
import type { Operation } from '../api/operation';
import type { Clock } from '../base/clock';
import { SandboxError, throwIfAborted, toSandboxError } from '../base/errors';
import { createDigester } from '../formats/digest';
import type { Descriptor } from '../formats/oci';
import { type StoredForm, storedForm } from '../formats/oci-parse';
import { readBody } from './read-body';
import { createZstdUnpacker, passThrough, type Unpacker } from './unpack';
import { Watchdog } from './watchdog';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface DownloadOptions {
  readonly url: string;
  readonly descriptor: Descriptor;
  readonly store: ContentStore;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** The phase for people while bytes come. */
  readonly phase: string;
  /** `reload` goes past the browser's HTTP cache, which may be what is damaged. */
  readonly cache: RequestCache;
}

/**
 * Fetches one blob into the store, in its stored form. Digest and size are verified as it travelled and as
 * it is kept; nothing is seen of it unless both are right.
 * Errors: `DataLoss` (wrong bytes), `Unavailable` (no bytes, or they stopped), `ResourceExhausted`, `Canceled`.
 */
export async function downloadBlob(options: DownloadOptions, operation: Operation = {}): Promise<void> {
  throwIfAborted(operation.signal);
  const form = storedForm(options.descriptor);
  const watchdog = new Watchdog(options.clock, operation.signal);
  try {
    const response = await request(options, watchdog);
    const ingest = await options.store.ingest({ digest: form.digest, size: form.size });
    try {
      await transfer(options, { form, response, ingest, watchdog }, operation);
    } catch (error) {
      await ingest.abort();
      throw error;
    }
  } catch (error) {
    throw named(watchdog.reason ?? error, options);
  } finally {
    watchdog.dispose();
  }
}

interface Transfer {
  readonly form: StoredForm;
  readonly response: Response;
  readonly ingest: Ingest;
  readonly watchdog: Watchdog;
}

async function transfer(
  options: DownloadOptions,
  { form, response, ingest, watchdog }: Transfer,
  operation: Operation,
): Promise<void> {
  const { descriptor, phase } = options;
  const digester = await createDigester();
  const unpacker: Unpacker = form.compression === 'zstd' ? createZstdUnpacker(form.size) : passThrough;
  let received = 0;
  for await (const piece of readBody(response)) {
    watchdog.feed();
    throwIfAborted(operation.signal);
    received += piece.length;
    if (received > descriptor.size)
      throw new SandboxError('DataLoss', `more than the ${descriptor.size} bytes announced came`);
    digester.update(piece);
    for (const unpacked of unpacker.push(piece)) await ingest.write(unpacked);
    operation.onProgress?.({ phase, done: received, total: descriptor.size });
  }
  if (received < descriptor.size)
    throw new SandboxError('DataLoss', `it ended after ${received} of ${descriptor.size} bytes`);
  requireDigest(digester.digest(), descriptor.digest);
  for (const unpacked of unpacker.finish()) await ingest.write(unpacked);
  throwIfAborted(operation.signal);
  await ingest.commit();
}

async function request({ url, fetch, cache }: DownloadOptions, watchdog: Watchdog): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { cache, signal: watchdog.signal });
  } catch (cause) {
    throw new SandboxError('Unavailable', 'the server cannot be reached', { cause });
  }
  if (!response.ok) throw new SandboxError('Unavailable', `the server answered ${response.status}`);
  return response;
}

function requireDigest(actual: Digest, expected: Digest): void {
  if (actual !== expected) throw new SandboxError('DataLoss', `it has digest ${actual}`);
}

/** The error with the digest and the URL in its message and details, and by itself there as `reason`; what is not about the bytes stays as it is. */
function named(thrown: unknown, { descriptor, url }: DownloadOptions): SandboxError {
  const error = toSandboxError(thrown);
  if (error.code !== 'DataLoss' && error.code !== 'Unavailable') return error;
  return new SandboxError(error.code, `Cannot fetch ${descriptor.digest} from ${url}: ${error.message}`, {
    cause: thrown,
    details: { digest: descriptor.digest, url, reason: error.message },
  });
}
