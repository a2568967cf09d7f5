import { describe, expect, it, vi } from 'vitest';
import type { InstanceId, InstanceResources, InstanceSpec } from '../api/instance';
import type { NicAttachment } from '../api/network';
import { SandboxError } from '../base/errors';
import { eventually } from '../base/eventually-fixture';
import type { FakeClock } from '../base/fake-clock';
import { SlabReader } from '../formats/frame-slab';
import { serializeEthernet } from '../formats/wire/ethernet';
import { ipProtocol, serializeIpv4 } from '../formats/wire/ipv4';
import { serializeUdp } from '../formats/wire/udp';
import type { SwitchClient } from '../network/switch-client';
import { SlabPort } from '../rpc/slab-port';
import type { NotWoken } from './activator';
import { openTestLab, type TestStorage } from './lab-fixture';
import { ScriptedDriver, ScriptedInstance } from './scripted-instance';

const idleMs = 1000;

const draft = {
  kind: 'unikernel',
  name: 'web',
  image: 'strata/unikernel-httpd:1',
  args: [],
  config: {},
  memoryMiB: 4,
  addressing: 'static',
  onDemand: { idleMs },
} as const;

/** A scripted instance that is on its networks while it runs. */
class Served extends ScriptedInstance {
  /** What came in since it began to run. */
  readonly frames: Uint8Array<ArrayBuffer>[] = [];
  starts = 0;
  /** What the next starts fail of. */
  readonly failures: SandboxError[] = [];
  #nics: readonly NicAttachment[] = [];
  #cables: SlabPort[] = [];

  override async start(): Promise<void> {
    this.starts += 1;
    this.frames.length = 0;
    this.enter('starting');
    this.#nics = (await this.resources?.attachNics()) ?? [];
    await this.gate?.promise;
    const failure = this.failures.shift();
    if (failure) {
      this.#unplug();
      this.enter('failed');
      throw failure;
    }
    this.#cables = this.#nics.map(({ port }) => new SlabPort(port));
    for (const cable of this.#cables) {
      cable.received((slab) => {
        const reader = new SlabReader(slab);
        while (reader.next()) this.frames.push(reader.bytes.slice(reader.frameStart, reader.frameEnd));
        slab.release();
      });
      cable.setLink({ up: true, offload: false });
    }
    this.enter('running');
  }

  override async stop() {
    this.#unplug();
    return super.stop();
  }

  override async kill() {
    this.#unplug();
    return super.kill();
  }

  override async dispose(): Promise<void> {
    if (this.state.phase === 'running') await this.kill();
    await super.dispose();
  }

  /** It comes to its end by itself. */
  crash(): void {
    this.#unplug();
    this.enter('failed');
  }

  #unplug(): void {
    for (const cable of this.#cables) cable.dispose();
    for (const nic of this.#nics) nic.detach();
    this.#cables = [];
    this.#nics = [];
  }
}

class ServedDriver extends ScriptedDriver {
  readonly #time: FakeClock;

  constructor(clock: FakeClock) {
    super(clock, 'unikernel', []);
    this.#time = clock;
  }

  override create(spec: InstanceSpec, resources?: InstanceResources, id?: InstanceId): ScriptedInstance {
    const instance = new Served(id ?? 'none', spec, this.#time, resources);
    this.made.push(instance);
    return instance;
  }
}

async function setUp(storage?: TestStorage) {
  const made = await openTestLab(storage, undefined, { unikernels: (clock) => new ServedDriver(clock) });
  const { lab, wire } = made;
  const notWoken: NotWoken[] = [];
  lab.notWoken((event) => notWoken.push(event));
  const client = await plugClient(wire);
  const record = () => lab.list().find(({ name }) => name !== 'other')!;
  return {
    ...made,
    notWoken,
    /** Alarms of a lab with nothing in it. */
    timers: made.clock.pending,
    client,
    record,
    served: () => made.unikernels.made.at(-1) as Served,
    /** A datagram for it: whoever needs more of a network is in the integration tests. */
    send: () => client.send(datagramFor(record().nics[0]!)),
    ports: async () => (await wire.remote.status()).filter(({ id }) => id !== 'client'),
    until: (check: () => void) => eventually(check, { interval: 1 }),
    /** Leaves it alone for as long as it takes, once it is on its network. */
    leaveAlone: async () => {
      await eventually(async () =>
        expect((await wire.remote.status()).find(({ id }) => id !== 'client')?.up).toBe(true),
      );
      await made.clock.advance(idleMs);
    },
    asleep: () => eventually(() => expect(record().demand?.asleep).toBe(true), { interval: 1 }),
    running: () => eventually(() => expect(record().state.phase).toBe('running'), { interval: 1 }),
  };
}

type TestLab = Awaited<ReturnType<typeof setUp>>;

async function plugClient(wire: SwitchClient): Promise<SlabPort> {
  const { port1, port2 } = new MessageChannel();
  await wire.addPort({ id: 'client', network: 'default', label: 'client', mtu: 1500 }, port1);
  const cable = new SlabPort(port2);
  cable.received((slab) => slab.release());
  cable.setLink({ up: true, offload: false });
  await eventually(async () => expect((await wire.remote.status()).find(({ id }) => id === 'client')?.up).toBe(true), {
    interval: 1,
  });
  return cable;
}

function datagramFor({ mac, address }: { readonly mac: string; readonly address: string }): Uint8Array<ArrayBuffer> {
  const pair = { source: '10.0.0.200', destination: address };
  const payload = serializeUdp({ sourcePort: 1, destinationPort: 7, payload: new Uint8Array(4) }, pair);
  const packet = serializeIpv4({
    trafficClass: 0,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: 64,
    protocol: ipProtocol.udp,
    ...pair,
    options: [],
    payload,
  });
  return serializeEthernet({
    destination: mac,
    source: '02:00:00:00:00:01',
    tags: [],
    etherType: 0x0800,
    payload: packet,
  });
}

/** Has one, started and gone to sleep. */
async function asleepLab(): Promise<TestLab> {
  const test = await setUp();
  const { id } = await test.lab.create(draft);
  await test.lab.start(id).finished;
  await test.leaveAlone();
  await test.asleep();
  return test;
}

describe('an instance on demand', () => {
  it('runs when it is started, sleeps when nothing passes, wakes for a packet, and gets that', async () => {
    const test = await asleepLab();
    expect(await test.ports()).toMatchObject([{ up: false, asleep: true, label: 'web eth0' }]);
    for (const wakes of [1, 2]) {
      test.send();
      await test.running();
      await test.until(() => expect(test.served().frames).toHaveLength(1));
      expect(test.record().demand).toMatchObject({ asleep: false, wakes, lastWakeMs: 0 });
      await test.leaveAlone();
      await test.asleep();
    }
    expect(test.notWoken).toEqual([]);
  });

  it('stays awake as long as something passes', async () => {
    const test = await setUp();
    const { id } = await test.lab.create(draft);
    await test.lab.start(id).finished;
    for (let sent = 1; sent < 4; sent += 1) {
      await test.clock.advance(idleMs / 2);
      test.send();
      await test.until(() => expect(test.served().frames).toHaveLength(sent));
    }
    expect(test.served().starts).toBe(1);
    await test.clock.advance(2 * idleMs);
    await test.asleep();
  });

  it('stays off when it is stopped, whether it runs or sleeps, until it is started', async () => {
    const test = await asleepLab();
    const { id } = test.record();
    for (const start of [false, true]) {
      if (start) await test.lab.start(id).finished;
      await test.lab.stop(id).finished;
      expect(test.record().demand).toBeUndefined();
      await eventually(async () => expect(await test.ports()).toEqual([]));
    }
    test.send();
    await test.clock.advance(10 * idleMs);
    expect(test.served().starts).toBe(2);
    await test.lab.start(id).finished;
    await test.leaveAlone();
    await test.asleep();
    test.send();
    await test.running();
  });

  it('is off when it is killed while it wakes', async () => {
    const test = await asleepLab();
    const gate = test.served().holdStart();
    test.send();
    await test.until(() => expect(test.record().state.phase).toBe('starting'));
    await test.lab.kill(test.record().id).finished;
    gate.reject(new SandboxError('Aborted', 'Ended'));
    await eventually(async () => expect(await test.ports()).toEqual([]));
    expect(test.record().demand).toBeUndefined();
    expect(test.notWoken).toEqual([]);
  });

  it('can be started by hand while it sleeps, and sleeps again', async () => {
    const test = await asleepLab();
    await test.lab.start(test.record().id).finished;
    expect(test.record().demand).toMatchObject({ asleep: false, wakes: 0 });
    await test.leaveAlone();
    await test.asleep();
  });

  it('wakes for what comes in the very moment in which it goes to sleep', async () => {
    const test = await setUp();
    const { id } = await test.lab.create(draft);
    await test.lab.start(id).finished;
    const stopping = vi.spyOn(test.served(), 'stop').mockImplementationOnce(async () => {
      test.send();
      await eventually(async () => expect((await test.ports())[0]?.queuedFrames).toBe(1));
      return Served.prototype.stop.call(test.served());
    });
    await test.leaveAlone();
    await test.until(() => expect(test.served().frames).toHaveLength(1));
    expect(stopping).toHaveBeenCalledOnce();
    expect(test.record().demand).toMatchObject({ asleep: false, wakes: 1 });
  });

  it('waits for the task that is at work on it before it wakes', async () => {
    const test = await asleepLab();
    const { id } = test.record();
    const removal = test.lab.remove(id);
    test.send();
    await eventually(async () => expect((await test.ports())[0]?.queuedFrames).toBe(1));
    expect(test.served().starts).toBe(1);
    removal.cancel();
    await expect(removal.finished).rejects.toMatchObject({ code: 'Canceled' });
    await test.running();
    await test.until(() => expect(test.served().frames).toHaveLength(1));
  });

  it('leaves nothing when it is removed in its sleep', async () => {
    const test = await asleepLab();
    const removal = test.lab.remove(test.record().id);
    await test.clock.advance(8000);
    await removal.finished;
    await eventually(async () => expect(await test.ports()).toEqual([]));
    for (const collection of ['instances', 'reservations'] as const) {
      expect(await test.storage.records.list(collection)).toEqual([]);
    }
    expect(test.clock.pending).toBe(test.timers);
  });

  it('has its new name at the switch, too', async () => {
    const test = await asleepLab();
    await test.lab.rename(test.record().id, 'renamed').finished;
    expect(await test.ports()).toMatchObject([{ label: 'renamed eth0', asleep: true }]);
    test.send();
    await test.running();
  });

  it('sleeps again after a reload, and wakes', async () => {
    const before = await asleepLab();
    await before.lab.close();
    const after = await setUp(before.storage);
    await after.asleep();
    expect(after.served().starts).toBe(0);
    after.send();
    await after.running();
    expect(after.record().demand).toMatchObject({ wakes: 1 });
    // What was stopped by hand stays so.
    await after.lab.stop(after.record().id).finished;
    await after.lab.close();
    const last = await setUp(before.storage);
    expect(last.record().demand).toBeUndefined();
    expect(await last.ports()).toEqual([]);
  });
});

describe('an instance on demand that cannot be woken', () => {
  const missing = new SandboxError('NotFound', 'No such artifact: web');
  const away = new SandboxError('Unavailable', 'The store is being restarted');

  it('says why, refuses who waits, and is tried again for the next', async () => {
    const test = await asleepLab();
    test.served().failures.push(missing);
    test.send();
    await test.until(() => expect(test.notWoken).toEqual([{ name: 'web', error: missing }]));
    expect(test.record()).toMatchObject({ state: { phase: 'failed' }, demand: { asleep: true, wakes: 0 } });
    await eventually(async () => expect((await test.ports())[0]?.counters.drops).toMatchObject({ 'wake-failed': 1 }));
    test.send();
    await test.running();
  });

  it('is tried less and less often when it fails again and again', async () => {
    const test = await asleepLab();
    const tried = () => test.served().starts - 1;
    for (let failure = 1; failure <= 4; failure += 1) {
      test.served().failures.push(missing);
      test.send();
      await test.until(() => expect(test.notWoken).toHaveLength(failure));
      await eventually(async () => expect((await test.ports())[0]?.queuedFrames).toBe(0));
      const pauseMs = failure === 1 ? 0 : 250 * 2 ** (failure - 2);
      if (pauseMs > 0) {
        await test.clock.advance(pauseMs - 1);
        test.send();
        const refused = 2 * failure - 1;
        await eventually(async () => {
          expect((await test.ports())[0]?.counters.drops['wake-failed']).toBe(refused);
        });
        expect(tried()).toBe(failure);
        await test.clock.advance(1);
      }
    }
  });

  it('is waited for when what is missing may come back, with what came for it', async () => {
    const test = await asleepLab();
    test.served().failures.push(away, away);
    test.send();
    await test.until(() => expect(test.served().starts).toBe(2));
    await test.clock.advance(250);
    await test.until(() => expect(test.served().starts).toBe(3));
    await test.clock.advance(500);
    await test.running();
    await test.until(() => expect(test.served().frames).toHaveLength(1));
    expect(test.record().demand).toMatchObject({ wakes: 1, lastWakeMs: 750 });
    expect(test.notWoken).toEqual([]);
  });

  it('is given up when it does not come back', async () => {
    const test = await asleepLab();
    test.served().failures.push(away, away, away, away);
    test.send();
    for (const [starts, pauseMs] of [
      [2, 250],
      [3, 500],
      [4, 1000],
    ] as const) {
      await test.until(() => expect(test.served().starts).toBe(starts));
      await test.clock.advance(pauseMs);
    }
    await test.until(() => expect(test.notWoken).toMatchObject([{ error: { code: 'Unavailable' } }]));
  });

  it('is not started in a circle when it crashes each time', async () => {
    const test = await asleepLab();
    const crash = async () => {
      test.send();
      await test.running();
      // It has what woke it, which would be refused otherwise.
      await test.until(() => expect(test.served().frames).toHaveLength(1));
      test.served().crash();
      await test.until(() => expect(test.record().demand?.asleep).toBe(true));
      // The switch has been told to refuse, too.
      await test.ports();
    };
    await crash();
    await crash();
    test.send();
    await eventually(async () => expect((await test.ports())[0]?.counters.drops['wake-failed']).toBe(1));
    expect(test.record().state.phase).toBe('failed');
    await test.clock.advance(250);
    await crash();
  });

  it('is off when its first start by hand fails', async () => {
    const test = await setUp();
    const { id } = await test.lab.create(draft);
    test.served().failures.push(missing);
    await expect(test.lab.start(id).finished).rejects.toMatchObject({ code: 'NotFound' });
    expect(test.record().demand).toBeUndefined();
    await eventually(async () => expect(await test.ports()).toEqual([]));
  });
});
