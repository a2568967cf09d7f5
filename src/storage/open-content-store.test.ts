import { afterEach, describe, expect, it } from 'vitest';
import { patternBytes } from './content-store.conformance';
import { openContentStore } from './open-content-store';

describe('opening the content store', () => {
  afterEach(() => {
    Reflect.deleteProperty(globalThis, 'indexedDB');
  });

  it('falls back to memory, and says so, where the mere access to storage throws', async () => {
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      get() {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
    const opened = await openContentStore();
    expect(opened).toMatchObject({ persistent: false, reason: expect.stringContaining('Nothing is saved') });
    const ingest = await opened.store.ingest({});
    await ingest.write(patternBytes(10));
    const { digest } = await ingest.commit();
    expect(await opened.store.read(digest)).toEqual(patternBytes(10));
  });

  it('falls back to memory where the platform has no storage at all', async () => {
    expect(await openContentStore()).toMatchObject({ persistent: false });
  });
});
