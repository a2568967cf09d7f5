import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DemandLab, httpOver, openDemandLab } from '../support/demand-lab';
import { KillableStore } from '../support/killable-store';
import { shell, smallVm } from '../support/node-lab';

/** kv on its disk, which sleeps after a moment, with a machine and the network's gateway as its clients. */
describe('a unikernel on demand', () => {
  let made: DemandLab;
  let client: string;

  beforeAll(async () => {
    made = await openDemandLab();
    client = (await made.lab.create({ ...smallVm, name: 'client' })).id;
    await made.lab.start(client).finished;
    await made.startKv();
  });
  afterAll(() => made.dispose());

  const run = (command: string) => shell(made.lab.instance(client), command);

  it('wakes on its first request and still has its data, asked by a machine and by the page', async () => {
    expect(await made.ask('PUT', '/colour', 'blue')).toMatchObject({ status: 201 });
    await made.asleep();
    const before = made.record().demand?.wakes ?? 0;
    // The machine asks for the address first, which the switch tells in its place.
    const begun = performance.now();
    expect(await run('wget -q -O - http://kv/colour')).toMatchObject({ code: 0, stdout: 'blue' });
    const took = performance.now() - begun;
    const { wakes = 0, lastWakeMs = 0 } = made.record().demand ?? {};
    console.log(`a machine's request to a sleeping kv: ${took.toFixed(0)} ms, up after ${lastWakeMs.toFixed(1)} ms`);
    expect(wakes).toBe(before + 1);
    await made.asleep();
    expect(await made.ask('GET', '/colour')).toMatchObject({ status: 200, body: 'blue' });
    expect(made.record().demand?.wakes).toBe(before + 2);
  });

  it('wakes for a ping, and not for a search for another address', async () => {
    await made.asleep();
    const { wakes } = made.record().demand ?? {};
    expect(await run('arping -c 2 -w 2 -I eth0 10.0.0.99')).toMatchObject({ code: 1 });
    const { nics } = made.record();
    expect(await run(`arping -c 1 -w 20 -I eth0 ${nics[0]?.address}`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(nics[0]?.mac ?? 'none', 'i')),
    });
    expect(made.record().demand).toMatchObject({ asleep: true, wakes });
    expect(await run('ping -c 1 -W 10 kv')).toMatchObject({ code: 0 });
    expect(made.record().demand?.wakes).toBe((wakes ?? 0) + 1);
  });

  it('is not stopped under a connection that is open and silent', async () => {
    await made.asleep();
    const connection = await made.connect();
    const { wakes } = made.record().demand ?? {};
    await new Promise((resolve) => setTimeout(resolve, 3 * made.idleMs));
    expect(made.record()).toMatchObject({ state: { phase: 'running' }, demand: { wakes } });
    expect(await httpOver(connection, 'GET', '/colour')).toMatchObject({ body: 'blue' });
    await made.asleep();
  });

  it('answers eight clients that wake it at once', async () => {
    await made.asleep();
    const { wakes = 0 } = made.record().demand ?? {};
    const answers = await Promise.all(Array.from({ length: 8 }, () => made.ask('GET', '/colour')));
    expect(answers.map(({ body }) => body)).toEqual(new Array(8).fill('blue'));
    expect(made.record().demand?.wakes).toBe(wakes + 1);
  });

  it('loses nothing that it acknowledged however it sleeps', async () => {
    for (let value = 0; value < 10; value += 1) {
      expect((await made.ask('PUT', '/count', `${value}`)).status).toBeLessThan(205);
      await made.asleep();
      expect(await made.ask('GET', '/count')).toMatchObject({ body: `${value}` });
      if (value % 2 === 0) await made.asleep();
    }
  });

  it('is woken by the next switch when the one that answered for it has died', async () => {
    await made.asleep();
    made.kill('switch');
    const asked = 'for i in 1 2 3 4 5 6 7 8 9; do timeout 3 wget -q -O - http://kv/colour && exit 0; done; exit 1';
    expect(await run(asked)).toMatchObject({ code: 0, stdout: 'blue' });
  });

  it('is not there for who asks when it is off', async () => {
    await made.lab.stop(made.record().id).finished;
    expect(await run('timeout 2 wget -q -O - http://kv/colour')).toMatchObject({ code: 143 });
    expect(made.record().state.phase).toBe('stopped');
    await made.lab.start(made.record().id).finished;
    await made.asleep();
    expect(await made.ask('GET', '/colour')).toMatchObject({ body: 'blue' });
  });

  it('sleeps after a reload of the page, and wakes with its data', async () => {
    const { stores } = made;
    await made.lab.close();
    const next = await openDemandLab({ stores });
    try {
      expect(next.record()).toMatchObject({ state: { phase: 'created' }, demand: { asleep: true, wakes: 0 } });
      expect(await next.ask('GET', '/colour')).toMatchObject({ body: 'blue' });
    } finally {
      await next.dispose();
    }
  });
});

it('sleeps and wakes 100 times and leaves nothing behind', { timeout: 300_000 }, async () => {
  const made = await openDemandLab({ idleMs: 40 });
  try {
    await made.startKv();
    await made.ask('PUT', '/colour', 'blue');
    await made.cycle(20);
    const before = await made.remains();
    await made.cycle(80);
    const after = await made.remains();
    expect({ ...after, heapMiB: 0 }).toEqual({ ...before, heapMiB: 0 });
    console.log(`heap: ${before.heapMiB.toFixed(1)} MiB before, ${after.heapMiB.toFixed(1)} after`);
    expect(await made.ask('GET', '/colour')).toMatchObject({ body: 'blue' });
  } finally {
    await made.dispose();
  }
});

describe('a unikernel on demand whose store dies', () => {
  let directory: string;
  let store: KillableStore;
  let made: DemandLab;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'strata-demand-'));
    store = new KillableStore(join(directory, 'journal'));
    made = await openDemandLab({ disks: store });
    await made.startKv();
    await made.ask('PUT', '/colour', 'green');
  });
  afterEach(() => made.asleep());
  afterAll(async () => {
    await made.dispose();
    store.dispose();
    await rm(directory, { recursive: true });
  });

  it('is there for who asked when the store is again, killed before it wakes', async () => {
    await made.asleep();
    const { deaths } = store;
    store.kill();
    expect(await made.ask('GET', '/colour')).toMatchObject({ body: 'green' });
    expect(store.deaths).toBe(deaths + 1);
  });

  it('is there for who asked when the store is again, killed while it wakes', async () => {
    await made.asleep();
    const { deaths } = store;
    const asked = made.ask('GET', '/colour');
    while (made.record().state.phase !== 'starting') await new Promise((resolve) => setImmediate(resolve));
    store.kill();
    expect(await asked).toMatchObject({ body: 'green' });
    expect(store.deaths).toBe(deaths + 1);
  });
});
