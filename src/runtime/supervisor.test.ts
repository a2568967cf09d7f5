import { afterEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { FakeClock, settle } from '../base/fake-clock';
import { expose } from '../rpc/control';
import { inProcessSpawner } from '../rpc/spawn-node';
import type { SpawnWorker } from '../rpc/worker-handle';
import { Supervisor } from './supervisor';

interface Service {
  ping(): void;
  echo(text: string): string;
  never(): Promise<void>;
  refuse(): void;
}

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const service: Service = {
  ping() {},
  echo: (text) => text,
  never: () => new Promise(() => {}),
  refuse() {
    throw new SandboxError('NotFound', 'No such thing: x', { details: { thing: 'x' } });
  },
};

const serving = (api: object): SpawnWorker =>
  inProcessSpawner((port) => {
    ports.push(port);
    expose(api, port);
  });

/** Lets messages between ports of this thread arrive. */
const messages = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await settle();
};

describe('the supervisor', () => {
  it('connects to a worker and carries typed errors across', async () => {
    const supervisor = new Supervisor(new FakeClock());
    const worker = supervisor.spawn<Service>(serving(service), 'w');
    await expect(worker.remote.echo('hello')).resolves.toBe('hello');
    await expect(worker.remote.refuse()).rejects.toMatchObject({
      name: 'SandboxError',
      code: 'NotFound',
      details: { thing: 'x' },
    });
    supervisor.dispose();
  });

  it('rejects what is waiting when a worker is ended', async () => {
    const supervisor = new Supervisor(new FakeClock());
    const worker = supervisor.spawn<Service>(serving(service), 'w');
    const waiting = worker.remote.never();
    worker.terminate(new SandboxError('Aborted', 'Ended'));
    await expect(waiting).rejects.toMatchObject({ code: 'Aborted', message: 'Ended' });
    await expect(worker.remote.echo('late')).rejects.toMatchObject({ code: 'Aborted' });
    expect(supervisor.count).toBe(0);
  });

  it('ends a worker that does not answer within two seconds', async () => {
    const clock = new FakeClock();
    const supervisor = new Supervisor(clock);
    const worker = supervisor.spawn<Service>(serving({ ...service, ping: () => new Promise(() => {}) }), 'w');
    worker.watch();
    for (let beat = 0; beat < 4; beat += 1) {
      await clock.advance(500);
      await messages();
    }
    expect(worker.lost.aborted).toBe(true);
    expect(worker.lost.reason).toMatchObject({ code: 'Unavailable' });
  });

  it('has more patience while others answer late too, and an end of it', async () => {
    const clock = new FakeClock();
    const supervisor = new Supervisor(clock);
    const late = supervisor.spawn<Service>(
      serving({ ...service, ping: () => new Promise<void>((resolve) => clock.after(900, resolve)) }),
      'late',
    );
    const silent = supervisor.spawn<Service>(serving({ ...service, ping: () => new Promise(() => {}) }), 'silent');
    late.watch();
    await messages();
    for (let turn = 0; turn < 20; turn += 1) {
      await clock.advance(100);
      await messages();
    }
    const begun = clock.monotonic();
    silent.watch();
    while (!silent.lost.aborted) {
      await clock.advance(100);
      await messages();
    }
    expect(late.lost.aborted).toBe(false);
    expect(clock.monotonic() - begun).toBeGreaterThan(2000);
    expect(clock.monotonic() - begun).toBeLessThan(10_000);
    supervisor.dispose();
  });

  it.each([
    ['no more patience while its own beats come in time', 0, 450],
    ['more while they are late, as others wait for their turn as well then', 100, 600],
  ])('has %s', async (_, lateMs, leastMs) => {
    const clock = new FakeClock(1500);
    const supervisor = new Supervisor(clock);
    const heartbeat = { beatMs: 150, missedBeats: 2 };
    const other = supervisor.spawn<Service>(serving(service), 'other');
    const silent = supervisor.spawn<Service>(serving({ ...service, ping: () => new Promise(() => {}) }), 'silent');
    other.watch(heartbeat);
    await messages();
    await clock.advance(149);
    await clock.jump(1 + lateMs);
    await messages();
    const begun = clock.monotonic();
    silent.watch(heartbeat);
    while (!silent.lost.aborted && clock.monotonic() - begun < 5000) {
      await clock.advance(10);
      await messages();
    }
    const tookMs = clock.monotonic() - begun;
    expect(tookMs).toBeGreaterThanOrEqual(leastMs - 150);
    expect(tookMs).toBeLessThanOrEqual(leastMs);
    expect(other.lost.aborted).toBe(false);
    supervisor.dispose();
  });

  it('lets a worker be silent that is excused, so long and no longer', async () => {
    const clock = new FakeClock();
    const supervisor = new Supervisor(clock);
    const silent = serving({ ...service, ping: () => new Promise(() => {}) });
    const [worker, other] = [supervisor.spawn<Service>(silent, 'w'), supervisor.spawn<Service>(silent, 'other')];
    worker.excuse(10_000);
    const excuse = other.excuse(60_000);
    for (const each of [worker, other]) each.watch();
    for (let beat = 0; beat < 20; beat += 1) await clock.advance(500);
    expect(worker.lost.aborted).toBe(false);
    for (let beat = 0; beat < 4; beat += 1) await clock.advance(500);
    expect(worker.lost.aborted).toBe(true);
    expect(other.lost.aborted).toBe(false);
    excuse.dispose();
    for (let beat = 0; beat < 4; beat += 1) await clock.advance(500);
    expect(other.lost.aborted).toBe(true);
  });

  it('leaves a worker alone that answers', async () => {
    const clock = new FakeClock();
    const supervisor = new Supervisor(clock);
    const worker = supervisor.spawn<Service>(serving(service), 'w');
    worker.watch();
    for (let beat = 0; beat < 20; beat += 1) {
      await clock.advance(500);
      await messages();
    }
    expect(worker.lost.aborted).toBe(false);
    supervisor.dispose();
    expect(clock.pending).toBe(0);
  });

  it('does not blame the worker when this thread was asleep', async () => {
    const clock = new FakeClock();
    const supervisor = new Supervisor(clock);
    const worker = supervisor.spawn<Service>(serving(service), 'w');
    worker.watch();
    for (let night = 0; night < 5; night += 1) await clock.jump(60_000);
    expect(worker.lost.aborted).toBe(false);
    supervisor.dispose();
  });

  it('loses a worker whose thread dies', async () => {
    const supervisor = new Supervisor(new FakeClock());
    const failed = new Emitter<SandboxError>();
    const spawn: SpawnWorker = (name) => ({ ...serving(service)(name), failed: failed.event });
    const worker = supervisor.spawn<Service>(spawn, 'w');
    const waiting = worker.remote.never();
    failed.fire(new SandboxError('Internal', 'The worker w died: boom'));
    await expect(waiting).rejects.toMatchObject({ message: 'The worker w died: boom' });
  });

  it('loses a worker that is gone without a word, excused or not', async () => {
    const supervisor = new Supervisor(new FakeClock());
    const worker = supervisor.spawn<Service>(serving(service), 'w');
    worker.excuse(60_000);
    const waiting = worker.remote.never();
    for (const port of ports) port.close();
    await expect(waiting).rejects.toMatchObject({ code: 'Unavailable', message: 'The worker w died' });
  });
});
