import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../base/clock';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { FakeClock, settle } from '../base/fake-clock';
import { digestOf } from '../formats/digest';
import { expose, transfer } from '../rpc/control';
import { inProcessSpawner, nodeSpawner } from '../rpc/spawn-node';
import type { SpawnWorker, WorkerHandle } from '../rpc/worker-handle';
import { patternBytes } from './content-store.conformance';
import { createMemoryContentStore } from './open-content-store';
import { StoreService } from './store-service';
import { beatMs, missedBeats, type StoreEvent, StoreSupervision } from './store-supervision';
import { FakeOrigin } from './web-locks-fixture';

const threads = nodeSpawner(new URL('../../workers/store.node.ts', import.meta.url));
const registryUrl = 'layout://registry/';

describe('supervision of the store', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  const supervise = (spawn: SpawnWorker, clock: Clock = systemClock, locks?: LockManager) => {
    const handles: WorkerHandle[] = [];
    const events: StoreEvent[] = [];
    const waiters = new Set<() => void>();
    const supervision = new StoreSupervision({
      spawn: (name) => {
        const handle = spawn(name);
        handles.push(handle);
        return handle;
      },
      registryUrl,
      clock,
      locks,
    });
    supervision.events((event) => {
      events.push(event);
      for (const check of waiters) check();
    });
    ends.push(() => supervision.dispose());
    const until = (count: number, kind: StoreEvent['kind']): Promise<void> =>
      new Promise((resolve) => {
        const check = (): void => {
          if (events.filter((event) => event.kind === kind).length >= count) resolve();
        };
        waiters.add(check);
        check();
      });
    return { supervision, remote: supervision.remote, handles, events, until };
  };
  const serve = (port: MessagePort): void =>
    expose(new StoreService({ open: async () => createMemoryContentStore() }), port);

  it('rejects what waits when the thread ends, starts another, and goes on with the same remote', async () => {
    const { remote, handles, events, until } = supervise(threads);
    const bytes = patternBytes(1000);
    const digest = await digestOf(bytes);
    expect(await remote.putBlob(bytes.slice().buffer)).toEqual({ digest, size: 1000 });
    const large = patternBytes(30_000_000).buffer;
    const waiting = [remote.putBlob(transfer(large, [large])), remote.listRecords('instances'), remote.usage()];
    await settle();
    handles[0]?.terminate();
    const [put, ...quick] = await Promise.allSettled(waiting);
    expect(put).toMatchObject({ status: 'rejected', reason: { code: 'Unavailable' } });
    // These may have been answered while the large blob was on its way: no call is left waiting is what counts.
    for (const result of quick) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'Unavailable' });
    }
    expect(await remote.putBlob(bytes.slice().buffer)).toEqual({ digest, size: 1000 });
    await until(2, 'opened');
    expect(events.map(({ kind }) => kind)).toEqual(['opened', 'lost', 'opened']);
    expect(events.at(-1)).toMatchObject({ restarts: 1, status: { persistent: false } });
  });

  it('starts another when the thread dies of an error', async () => {
    const failed = new Emitter<SandboxError>();
    const inner = inProcessSpawner(serve);
    const { remote, until } = supervise((name) => ({ ...inner(name), failed: failed.event }));
    await remote.usage();
    failed.fire(new SandboxError('Internal', 'The worker store died: out of memory'));
    await until(1, 'lost');
    expect(await remote.usage()).toMatchObject({ blobs: 0 });
  });

  it('ends a worker that does not answer while a call waits', async () => {
    const clock = new FakeClock();
    let started = 0;
    const spawn = inProcessSpawner((port) => {
      started += 1;
      if (started > 1) serve(port);
    });
    const { remote, events, until } = supervise(spawn, clock);
    const waiting = remote.usage();
    const lost = until(1, 'lost');
    await clock.advance(beatMs * missedBeats - 1);
    expect(events).toEqual([]);
    await clock.advance(1);
    await lost;
    // It waited for the store to open, so the next worker may have it.
    await expect(waiting).rejects.toMatchObject({ code: 'Unavailable' });
    expect(await remote.usage()).toMatchObject({ blobs: 0 });
  });

  it('hears at once of the end of a worker by the lock that it held', async () => {
    const origin = new FakeOrigin();
    let started = 0;
    const spawn = inProcessSpawner((port) => {
      started += 1;
      const id = `worker ${started}`;
      void origin.locks(id).request('session', () => new Promise(() => undefined));
      const open = async () => ({ ...createMemoryContentStore(), lock: 'session' });
      expose(new StoreService({ open }), port);
    });
    const { remote, events, until } = supervise(spawn, systemClock, origin.locks('page'));
    await remote.usage();
    origin.kill('worker 1');
    await until(2, 'opened');
    expect(events.map(({ kind }) => kind)).toEqual(['opened', 'lost', 'opened']);
    expect(await remote.usage()).toMatchObject({ blobs: 0 });
  });

  it('does not trouble a worker that has nothing to do', async () => {
    const clock = new FakeClock();
    const { remote } = supervise(inProcessSpawner(serve), clock);
    await remote.usage();
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('gives up on a worker that dies each time it starts, and says so to every call', async () => {
    const clock = new FakeClock();
    const spawn: SpawnWorker = (name) => {
      const failed = new Emitter<SandboxError>();
      queueMicrotask(() => failed.fire(new SandboxError('Internal', 'its script did not load')));
      return { ...inProcessSpawner(() => undefined)(name), failed: failed.event };
    };
    const { remote, events, handles } = supervise(spawn, clock);
    await clock.advance(60_000);
    expect(handles).toHaveLength(6);
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'Unavailable' } });
    await expect(remote.usage()).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('did not load'),
    });
    expect(clock.pending).toBe(0);
  });

  it('says so where no worker may be started at all', async () => {
    const { remote, events, until } = supervise(() => {
      throw new DOMException('Script cannot be accessed from this origin', 'SecurityError');
    });
    await until(1, 'failed');
    expect(events).toHaveLength(1);
    await expect(remote.usage()).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('forgives deaths that lie apart', async () => {
    const clock = new FakeClock();
    const { remote, handles, until } = supervise(inProcessSpawner(serve), clock);
    for (let death = 1; death <= 10; death += 1) {
      await remote.usage();
      await clock.advance(10_000);
      handles.at(-1)?.terminate();
      await until(death, 'lost');
    }
    expect(await remote.usage()).toMatchObject({ blobs: 0 });
  });

  it('rejects all calls once it is disposed', async () => {
    const { supervision, remote } = supervise(inProcessSpawner(serve));
    await remote.usage();
    const waiting = remote.usage();
    supervision.dispose();
    await expect(waiting).rejects.toMatchObject({ code: 'Canceled' });
    await expect(remote.usage()).rejects.toMatchObject({ code: 'Canceled' });
  });
});
