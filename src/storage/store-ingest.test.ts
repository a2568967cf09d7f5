import { expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { inProcessSpawner } from '../rpc/spawn-node';
import { patternBytes } from './content-store.conformance';
import { embeddedPart } from './embedded-blob';
import { MemoryBackend } from './memory-backend';
import { SealerThread } from './sealer-thread';
import { beginIngest } from './store-ingest';

it('tells whoever waits for a write or the end that the ingest was aborted, whatever of it failed by that', async () => {
  const backend = new MemoryBackend({ chunkSize: 1000 });
  // Its thread never answers, and is ended with the ingest.
  const sealers = new SealerThread(
    inProcessSpawner(() => undefined),
    embeddedPart,
  );
  const begin = async () => beginIngest(backend, new FakeClock(0), {}, await sealers.open());
  const [writing, ending] = [await begin(), await begin()];
  const written = writing.write(patternBytes(10_000));
  await ending.write(patternBytes(10));
  const committed = ending.commit();
  const outcomes = Promise.allSettled([written, committed]);
  await Promise.all([writing.abort(), ending.abort()]);
  const error = expect.objectContaining({ code: 'Aborted', message: 'The ingest was aborted' });
  expect(await outcomes).toEqual([
    { status: 'rejected', reason: error },
    { status: 'rejected', reason: error },
  ]);
  expect(backend.chunkCount).toBe(0);
});
