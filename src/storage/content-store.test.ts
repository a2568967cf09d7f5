import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../api/content-store';
import { systemClock } from '../base/clock';
import { expose } from '../rpc/control';
import { inProcessSpawner } from '../rpc/spawn-node';
import { describeContentStore, patternBytes } from './content-store.conformance';
import { embeddedPart } from './embedded-blob';
import { openIdbFixture } from './idb-store-fixture';
import { MemoryBackend } from './memory-backend';
import { SealerService } from './sealer-service';
import { VerifiedContentStore } from './verified-content-store';

/** Memory that can be damaged. */
class FragileMemoryBackend extends MemoryBackend {
  async flipBit(digest: Digest, byte: number): Promise<void> {
    const record = await this.find(digest);
    const bytes = record && (await this.read(record, 0, record.size));
    if (!record || !bytes) throw new Error(`No blob to damage: ${digest}`);
    bytes[byte] = (bytes[byte] ?? 0) ^ 0x10;
    const content = `${record.content}-damaged`;
    await this.begin(content, undefined);
    for (let index = 0; index * this.chunkSize < bytes.length; index += 1) {
      const part = bytes.subarray(index * this.chunkSize, (index + 1) * this.chunkSize);
      await this.put(content, { index, parts: [part], size: part.length });
    }
    await this.commit([{ record: { ...record, content }, last: undefined }]);
  }
}

describeContentStore('memory', async (chunkSize) => {
  const backend = new FragileMemoryBackend({ chunkSize });
  return {
    store: new VerifiedContentStore(backend, systemClock),
    chunkSize,
    flipBit: (digest, byte) => backend.flipBit(digest, byte),
    async countChunks() {
      return backend.chunkCount;
    },
    dispose: () => backend.close(),
  };
});

describeContentStore('IndexedDB in memory', openIdbFixture);

const sealer = inProcessSpawner((port) => expose(new SealerService(embeddedPart), port));
describeContentStore('IndexedDB in memory, sealed behind a port', (chunkSize) => openIdbFixture(chunkSize, sealer), {
  runs: 10,
});

describe('memory limit', () => {
  it('is told with the bytes needed and available, and frees up again', async () => {
    const store = new VerifiedContentStore(new MemoryBackend({ chunkSize: 1000, limit: 2500 }), systemClock);
    const ingest = await store.ingest({});
    await ingest.write(patternBytes(2000));
    const second = await store.ingest({});
    // What is written while the next bytes come is told with them, or at the end.
    await second.write(patternBytes(3000));
    await expect(second.commit()).rejects.toMatchObject({
      code: 'ResourceExhausted',
      details: { needed: 1000, available: 500 },
    });
    const { digest } = await ingest.commit();
    await expect(store.ingest({ size: 2000 })).rejects.toMatchObject({ code: 'ResourceExhausted' });
    await store.delete(digest);
    await (await store.ingest({ size: 2000 })).abort();
  });
});
