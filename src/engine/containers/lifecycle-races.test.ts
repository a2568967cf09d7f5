import { afterAll, describe, expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { FakeClock, settle } from '../../base/fake-clock';
import { printedRandom } from '../../base/seed-fixture';
import { createStores } from '../stores-fixture';
import type { LabContainers } from './engine';
import { scriptedEngines } from './engine-fixture';
import { ScriptedHost, ScriptedHosts } from './scripted-host';

const random = printedRandom('races of verbs');
const engines: LabContainers[] = [];
const tries = 40;

/** Turns of the microtask queue: what a verb finds half done differs from one try to the next. */
async function turns(most: number): Promise<void> {
  for (let left = random.below(most); left > 0; left -= 1) await Promise.resolve();
}

/** A host that takes a while to run what it is told to, which may end at once; and whoever listens asks for everything. */
async function setUp() {
  const clock = new FakeClock(1_000_000);
  const hosts = new ScriptedHosts();
  const failures: unknown[] = [];
  const open = scriptedEngines({ clock, stores: await createStores(), hosts, failed: (error) => failures.push(error) });
  const host = new ScriptedHost('one');
  const { run } = host;
  const kill = host.kill.bind(host);
  host.run = async (spec) => {
    await turns(20);
    const process = await run.call(host, spec);
    await turns(10);
    return process;
  };
  // As the runtime of a guest says it.
  host.kill = async (id, signal) => {
    await turns(6);
    if (!host.runs.has(id)) throw new SandboxError('FailedPrecondition', `Container ${id} is not running`);
    await kill(id, signal);
  };
  hosts.add(host);
  const engine = await open();
  engines.push(engine);
  engine.changed(() => {
    engine.published();
    engine.directoryOf('default');
  });
  const create = async (more: Partial<ContainerCreateBody> = {}): Promise<string> =>
    (await engine.containers.create({ Image: 'busybox', ...more })).Id;
  const status = async (id: string) => (await engine.containers.inspect(id)).State.Status;
  return { clock, host, engine, create, status, failures };
}

const published = { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
const always = { HostConfig: { ...published, RestartPolicy: { Name: 'always' as const, MaximumRetryCount: 0 } } };

/** One that ends as soon as it runs, and is started again for ever; at a moment that nobody knows. */
async function inLoop() {
  const parts = await setUp();
  const { host, engine, create, clock } = parts;
  const { run } = host;
  host.run = async (spec) => {
    const process = await run(spec);
    void turns(30).then(() => host.runs.has(spec.id) && host.exit(spec.id, 1));
    return process;
  };
  const id = await create(always);
  await engine.containers.start(id);
  for (let rounds = random.below(3); rounds > 0; rounds -= 1) await clock.advance(100);
  const going = clock.advance(random.below(400));
  await turns(120);
  return { ...parts, id, going };
}

afterAll(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

describe('what is asked of a container while it starts or ends', () => {
  it('removes it by force, and nothing of it goes on', async () => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const { host, engine, create } = await setUp();
      const id = await create({ HostConfig: published });
      const starting = engine.containers.start(id).catch((error: unknown) => error);
      await turns(60);
      await engine.containers.remove(id, { force: true });
      await starting;
      await settle();
      expect([engine.list(), engine.published(), [...host.runs]]).toEqual([[], [], []]);
    }
  });

  it('stops it when it has begun', async () => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const { host, engine, create, status, clock } = await setUp();
      const id = await create();
      const starting = engine.containers.start(id);
      await Promise.resolve();
      await turns(60);
      expect(await engine.containers.stop(id)).toBe(true);
      expect(await starting).toBe(true);
      await clock.advance(10_000);
      expect([await status(id), [...host.runs]]).toEqual(['exited', []]);
    }
  });

  it.each(['stop', 'kill'] as const)('ends what is started again for ever by %s, for good', async (verb) => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const { host, engine, id, going, clock, status } = await inLoop();
      await Promise.all([engine.containers[verb](id), going]);
      const { length } = host.specs;
      await clock.advance(300_000);
      expect([await status(id), [...host.runs], host.specs.length]).toEqual(['exited', [], length]);
    }
  });

  it('removes what is started again for ever by force alone', async () => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const { host, engine, id, going, clock, status } = await inLoop();
      await expect(engine.containers.remove(id)).rejects.toThrow(
        /container is (restarting|running): stop the container/,
      );
      expect((await engine.containers.prune()).deleted).toEqual([]);
      expect(await status(id)).toMatch(/restarting|running/);
      await Promise.all([engine.containers.remove(id, { force: true }), going]);
      const { length } = host.specs;
      await clock.advance(300_000);
      expect([engine.list(), [...host.runs], host.specs.length]).toEqual([[], [], length]);
    }
  });

  it('prunes it or starts it, not both', async () => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const { host, engine, create } = await setUp();
      const id = await create();
      const ask = [() => engine.containers.start(id), () => engine.containers.prune()];
      const [first, second] = random.chance(0.5) ? ask : ask.reverse();
      const asked = first?.().catch(() => undefined);
      await turns(40);
      await second?.().catch(() => undefined);
      await asked;
      expect(engine.list().map(({ State }) => State)).toEqual(host.runs.size === 1 ? ['running'] : []);
    }
  });

  it('stops and kills it beside its own end without an error, and forgets nothing of that', async () => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const { host, engine, create, status } = await setUp();
      const id = await create();
      await engine.containers.start(id);
      const ending = turns(30).then(() => host.runs.has(id) && host.exit(id, 0));
      await turns(30);
      const killing = engine.containers.kill(id).catch((error: unknown) => {
        // It had ended before.
        expect(String(error)).toContain('cannot kill container');
      });
      await Promise.all([ending, killing, engine.containers.stop(id), engine.containers.stop(id)]);
      expect([await status(id), [...host.runs]]).toEqual(['exited', []]);
    }
  });

  it('starts it once more after a removal that failed', async () => {
    const { host, engine, create, status } = await setUp();
    const id = await create();
    await engine.containers.start(id);
    await engine.containers.kill(id);
    host.removeRoot = () => Promise.reject(new SandboxError('Unavailable', 'The disk is away'));
    await expect(engine.containers.remove(id)).rejects.toThrow('The disk is away');
    await engine.containers.start(id);
    expect(await status(id)).toBe('running');
  });
});
