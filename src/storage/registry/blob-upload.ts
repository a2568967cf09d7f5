import type { ImageContent } from '../../api/image';
import { concatBytes } from '../../base/bytes';
import { type Clock, delay } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { Descriptor } from '../../formats/oci';
import type { PushRepository } from './push-repository';
import { isTransient, pauseBefore } from './retry';

export interface UploadContext {
  readonly repository: PushRepository;
  readonly content: ImageContent;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBytes: (sent: number) => void;
}

/** Bytes that are sent at a time; a smaller blob goes in one piece. Fetch cannot send a stream everywhere. */
const chunkBytes = 4 * 1024 * 1024;

/** Where an upload is: what comes next, and how much the registry has. */
interface Session {
  readonly location: string;
  readonly offset: number;
  readonly chunkBytes: number;
}

/**
 * Brings a blob into a repository (distribution-spec v1.1, "Pushing Blobs"): not at all when it is there, by mounting it from
 * another repository that is known to have it, in one piece, or in chunks that go on where a broken one ended.
 * Errors: those of the registry and of the content.
 */
export async function uploadBlob(
  descriptor: Descriptor,
  context: UploadContext,
): Promise<'Layer already exists' | 'Mounted' | 'Pushed'> {
  const { repository, signal, clock } = context;
  if (await repository.has(descriptor, signal)) return 'Layer already exists';
  if (await repository.mount(descriptor, signal)) return 'Mounted';
  let session: Session | undefined;
  const keep = (next: Session): void => {
    session = next;
  };
  let before = 0;
  for (let failures = 0; ; ) {
    try {
      if (!session) {
        const { location, minimum } = await repository.beginUpload(signal);
        session = { location, offset: 0, chunkBytes: Math.max(chunkBytes, minimum) };
      }
      await sendRest(descriptor, session, context, keep);
      return 'Pushed';
    } catch (error) {
      const pause = isTransient(error) ? pauseBefore(failures + 1, error) : undefined;
      if (pause === undefined) throw error;
      const reached: number = session?.offset ?? 0;
      failures = reached > before ? 1 : failures + 1;
      before = reached;
      await delay(clock, pause, signal);
      // The answer may be all that was lost.
      if (await repository.has(descriptor, signal)) return 'Pushed';
      session = session && (await resume(session, context));
    }
  }
}

async function sendRest(
  { digest, size }: Descriptor,
  from: Session,
  { repository, content, signal, onBytes }: UploadContext,
  keep: (next: Session) => void,
): Promise<void> {
  const read = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
    const parts: Uint8Array[] = [];
    for await (const part of content.open(digest, { start, end })) parts.push(part);
    return concatBytes(parts);
  };
  let session = from;
  // Blobs of one piece go with the request that ends the upload.
  while (size > session.chunkBytes && session.offset < size) {
    const end = Math.min(size, session.offset + session.chunkBytes);
    const location = await repository.sendChunk(
      session.location,
      session.offset,
      await read(session.offset, end),
      signal,
    );
    session = { ...session, location, offset: end };
    keep(session);
    onBytes(end);
  }
  await repository.endUpload(session.location, digest, await read(session.offset, size), signal);
  onBytes(size);
}

/** Where a broken upload goes on; undefined when it has to begin anew. */
async function resume(session: Session, { repository, signal }: UploadContext): Promise<Session | undefined> {
  try {
    const found = await repository.uploadState(session.location, signal);
    return found && { ...session, ...found };
  } catch (error) {
    if (error instanceof SandboxError && error.code !== 'Canceled') return undefined;
    throw error;
  }
}
