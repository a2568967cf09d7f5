import { afterEach, describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { digestOf } from '../formats/digest';
import { expose } from '../rpc/control';
import { inProcessSpawner } from '../rpc/spawn-node';
import type { SpawnWorker, WorkerHandle } from '../rpc/worker-handle';
import { patternBytes } from './content-store.conformance';
import { embeddedPart } from './embedded-blob';
import { createPartSealer, type PartSealer } from './part-sealer';
import { SealerService } from './sealer-service';
import { SealerThread } from './sealer-thread';

const spawn = inProcessSpawner((port) => expose(new SealerService(embeddedPart), port));

/** A spawner that tells of the threads that live, and can end them as a browser does. */
function watchedSpawner(serve: SpawnWorker = spawn) {
  const living = new Set<WorkerHandle>();
  const failed = new Emitter<SandboxError>();
  let started = 0;
  const watched: SpawnWorker = (name) => {
    const inner = serve(name);
    const handle: WorkerHandle = {
      ...inner,
      failed: failed.event,
      terminate() {
        living.delete(handle);
        inner.terminate();
      },
    };
    living.add(handle);
    started += 1;
    return handle;
  };
  return {
    watched,
    living,
    die: () => failed.fire(new SandboxError('Internal', 'The worker sealer died')),
    get started() {
      return started;
    },
  };
}

/** Seals bytes in three parts. */
async function seal(sealer: PartSealer, bytes: Uint8Array<ArrayBuffer>) {
  const cuts = [0, 300, 501, bytes.length];
  const sealing = cuts.slice(1).map((end, at) => sealer.seal(bytes.slice(cuts[at], end)));
  const parts = await Promise.all(sealing);
  const kept = await Promise.all(parts.map(async ({ part }) => new Uint8Array(await (part as Blob).arrayBuffer())));
  return { ...(await sealer.finish()), kept: concatBytes(kept), memory: parts.map(({ buffer }) => buffer.byteLength) };
}

describe('a thread for sealing', () => {
  const opened: PartSealer[] = [];
  afterEach(() => {
    for (const sealer of opened.splice(0)) sealer.dispose();
  });
  const open = async (thread: SealerThread): Promise<PartSealer> => {
    const sealer = await thread.open();
    opened.push(sealer);
    return sealer;
  };

  it('hashes and keeps the parts of several blobs at once, each in its order, and gives their memory back', async () => {
    const thread = new SealerThread(spawn, embeddedPart);
    const blobs = [patternBytes(700, 1), patternBytes(900, 2)];
    const sealed = await Promise.all(blobs.map(async (bytes) => seal(await open(thread), bytes)));
    const here = await Promise.all(blobs.map(async (bytes) => seal(await createPartSealer(embeddedPart), bytes)));
    expect(sealed).toEqual(here);
    for (const [at, bytes] of blobs.entries()) {
      expect(sealed[at]?.digest).toBe(await digestOf(bytes));
      expect(sealed[at]?.kept).toEqual(bytes);
      expect(sealed[at]?.memory).toEqual([300, 201, bytes.length - 501]);
    }
  });

  it('lives from the first blob to the last, and again for the next', async () => {
    const threads = watchedSpawner();
    const thread = new SealerThread(threads.watched, embeddedPart);
    const [first, second] = [await open(thread), await open(thread)];
    first.dispose();
    first.dispose();
    expect(threads.living.size).toBe(1);
    expect((await seal(second, patternBytes(600))).digest).toBe(await digestOf(patternBytes(600)));
    second.dispose();
    expect(threads.living.size).toBe(0);
    await open(thread);
    expect(threads).toMatchObject({ started: 2, living: { size: 1 } });
  });

  it('rejects what is under way when it ends', async () => {
    const threads = watchedSpawner(inProcessSpawner(() => undefined));
    const thread = new SealerThread(threads.watched, embeddedPart);
    const sealer = await open(thread);
    const sealing = sealer.seal(patternBytes(10));
    sealer.dispose();
    await expect(sealing).rejects.toMatchObject({ code: 'Canceled' });
  });

  it('that dies fails what it had; what comes later is sealed without one', async () => {
    const threads = watchedSpawner(inProcessSpawner(() => undefined));
    const thread = new SealerThread(threads.watched, embeddedPart);
    const sealing = (await open(thread)).seal(patternBytes(10));
    threads.die();
    await expect(sealing).rejects.toMatchObject({ code: 'Internal', message: 'The worker sealer died' });
    expect(threads.living.size).toBe(0);
    const { digest } = await seal(await open(thread), patternBytes(600));
    expect(digest).toBe(await digestOf(patternBytes(600)));
    expect(threads.started).toBe(1);
  });
});
