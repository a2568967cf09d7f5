import { afterEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { FakeClock } from '../base/fake-clock';
import { SlabReader } from '../formats/frame-slab';
import { connect, expose } from '../rpc/control';
import { SlabPort } from '../rpc/slab-port';
import { inProcessSpawner } from '../rpc/spawn-node';
import { SwitchClient, type SwitchWorker } from './switch-client';
import { broadcast, ethernet, macOf, portSpec } from './switch-fixture';
import { SwitchService } from './switch-service';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A switch in this thread behind its real ports, and a hand that ends it as a crash would. */
function lab() {
  const workers: SwitchWorker[] = [];
  const clock = new FakeClock();
  // The switch's own, by which ports fall asleep.
  const wireClock = new FakeClock();
  const spawn = inProcessSpawner((port) => expose(new SwitchService(wireClock), port));
  const start = (): SwitchWorker => {
    const handle = spawn('switch');
    const connection = connect<SwitchService>(handle.port);
    const lost = new AbortController();
    const worker: SwitchWorker = {
      remote: connection.remote,
      lost: lost.signal,
      watch() {},
      terminate(reason) {
        handle.terminate();
        connection.close(reason);
        lost.abort(reason);
      },
    };
    workers.push(worker);
    return worker;
  };
  const client = new SwitchClient({ start, clock });
  ends.push(() => client.dispose());
  const crash = (): void => workers.at(-1)?.terminate(new SandboxError('Internal', 'The worker switch died'));
  return { client, clock, wireClock, crash, workers };
}

function cableFor(port: MessagePort): SlabPort {
  const cable = new SlabPort(port);
  ends.push(() => cable.dispose());
  return cable;
}

async function plug(client: SwitchClient, id: string, network = 'lab'): Promise<SlabPort> {
  const { port1, port2 } = new MessageChannel();
  await client.addPort(portSpec(id, { network }), port1);
  const cable = cableFor(port2);
  cable.setLink({ up: true, offload: true });
  return cable;
}

/** Waits until the switch has heard from all its ports that they are up. */
async function allUp(client: SwitchClient): Promise<void> {
  while (!(await client.remote.status()).every(({ up }) => up));
}

function nextFrame(cable: SlabPort): Promise<number[]> {
  return new Promise((resolve) => {
    const listening = cable.received((slab) => {
      const reader = new SlabReader(slab);
      reader.next();
      const frame = [...reader.bytes.subarray(reader.frameStart, reader.frameEnd)];
      slab.release();
      listening.dispose();
      resolve(frame);
    });
  });
}

/** Of an IPv4 packet from 10.0.0.1 with so many bytes of payload. */
function ipHeader(to: string, protocol: number, payloadBytes: number): number[] {
  return [0x45, 0, 0, 20 + payloadBytes, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, ...to.split('.').map(Number)];
}

const codeOf = async (work: Promise<unknown>) => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as SandboxError).code;
  }
};

describe('the switch from outside', () => {
  it('carries frames between ports, and shows ports, stations and totals', async () => {
    const { client } = lab();
    const [a, b] = [await plug(client, 'a'), await plug(client, 'b')];
    const arrived = nextFrame(b);
    const frame = ethernet(broadcast, macOf(1));
    await allUp(client);
    a.send(frame);
    expect(await arrived).toEqual([...frame]);
    expect(
      (await client.remote.status()).map(({ id, up, counters }) => [id, up, counters.rxFrames, counters.txFrames]),
    ).toEqual([
      ['a', true, 1, 0],
      ['b', true, 0, 1],
    ]);
    expect(await client.remote.fdb('lab')).toMatchObject([{ mac: macOf(1), port: 'a' }]);
    expect(await client.remote.totals('lab')).toMatchObject({ received: 1, copies: 1, delivered: 1 });
  });

  it('keeps error codes, and takes a port that was refused off its list', async () => {
    const { client } = lab();
    await plug(client, 'a');
    expect(await codeOf(client.addPort(portSpec('a'), new MessageChannel().port1))).toBe('AlreadyExists');
    expect(await codeOf(client.addPort(portSpec('b', { mtu: 1 }), new MessageChannel().port1))).toBe('InvalidArgument');
    expect(await codeOf(client.setMtu('lab', 20_000))).toBe('InvalidArgument');
    await plug(client, 'b');
  });

  it('removes ports and networks', async () => {
    const { client } = lab();
    for (const id of ['a', 'b']) await plug(client, id);
    await plug(client, 'c', 'other');
    await client.removePort('a');
    await client.removePort('a');
    expect((await client.remote.status()).map(({ id }) => id)).toEqual(['b', 'c']);
    await client.removeNetwork('lab');
    expect((await client.remote.status()).map(({ id }) => id)).toEqual(['c']);
    await plug(client, 'a');
  });
});

describe('ports that sleep', () => {
  const sleeper = portSpec('service', { mac: macOf(9), address: '10.0.0.9', idleMs: 30 });
  const ping = ethernet(
    macOf(9),
    macOf(1),
    Uint8Array.of(...ipHeader('10.0.0.9', 1, 8), 8, 0, 0, 0, 0, 0, 0, 0),
    [0x0800],
  );

  it('say that they are wanted, take a cable, and give it back', async () => {
    const { client, wireClock } = lab();
    const a = await plug(client, 'a');
    await client.addSleepingPort(sleeper);
    while (!(await client.remote.status())[0]?.up);
    const wanted = new Promise((resolve) => client.wanted(resolve));
    a.send(ping);
    expect(await wanted).toBe('service');
    const { port1, port2 } = new MessageChannel();
    await client.addPort(sleeper, port1);
    expect(await codeOf(client.addPort(sleeper, new MessageChannel().port1))).toBe('AlreadyExists');
    const cable = cableFor(port2);
    const arrived = nextFrame(cable);
    cable.setLink({ up: true, offload: false });
    expect(await arrived).toEqual([...ping]);
    expect(await client.sleepPorts(['service'])).toBe(30);
    await wireClock.advance(30);
    expect(await client.sleepPorts(['service'])).toBeUndefined();
    // The cable of a run that is over: harmless.
    await client.unplugPort('service');
    expect((await client.remote.status()).map(({ id, asleep }) => [id, asleep])).toEqual([
      ['a', false],
      ['service', true],
    ]);
    await client.removePort('service');
    expect((await client.remote.status()).map(({ id }) => id)).toEqual(['a']);
  });

  it('are there again when the worker has died, those that were plugged in with a new cable', async () => {
    const { client, clock, crash } = lab();
    await plug(client, 'a');
    await client.addSleepingPort(sleeper);
    const awake = { ...sleeper, id: 'awake', mac: macOf(8), address: '10.0.0.8' };
    const { port1, port2 } = new MessageChannel();
    await client.addPort(awake, port1);
    cableFor(port2);
    const renewed = new Promise<readonly { id: string; port: MessagePort }[]>((resolve) =>
      client.portsRenewed(resolve),
    );
    crash();
    expect(await codeOf(client.sleepPorts(['awake']))).toBe('Unavailable');
    await client.refusePort('service', 0);
    await clock.advance(0);
    const cables = new Map((await renewed).map(({ id, port }) => [id, cableFor(port)]));
    expect([...cables.keys()]).toEqual(['a', 'awake']);
    const wanted = new Promise((resolve) => client.wanted(resolve));
    cables.get('a')!.setLink({ up: true, offload: true });
    while (!(await client.remote.status()).find(({ id }) => id === 'a')?.up);
    cables.get('a')!.send(ping);
    expect(await wanted).toBe('service');
  });

  it('are refused when they cannot sleep, and nothing is left of them', async () => {
    const { client, clock, crash } = lab();
    expect(await codeOf(client.addSleepingPort(portSpec('service')))).toBe('InvalidArgument');
    crash();
    await clock.advance(0);
    expect(await client.remote.status()).toEqual([]);
  });
});

describe('a switch whose worker dies', () => {
  it('is there again with all its ports, which get new cables and carry frames', async () => {
    const { client, clock, crash } = lab();
    for (const id of ['a', 'b', 'gone']) await plug(client, id);
    await client.setMtu('lab', 9000);
    await client.removePort('gone');
    const renewed = new Promise<readonly { id: string; port: MessagePort }[]>((resolve) =>
      client.portsRenewed(resolve),
    );
    crash();
    expect(await codeOf((async () => client.remote.status())())).toBe('Unavailable');
    await clock.advance(0);
    const cables = new Map((await renewed).map(({ id, port }) => [id, cableFor(port)]));
    expect([...cables.keys()]).toEqual(['a', 'b']);
    expect((await client.remote.status()).map(({ id, up }) => [id, up])).toEqual([
      ['a', false],
      ['b', false],
    ]);
    for (const cable of cables.values()) cable.setLink({ up: true, offload: true });
    const arrived = nextFrame(cables.get('b')!);
    await allUp(client);
    const jumbo = ethernet(broadcast, macOf(1), new Uint8Array(9000));
    cables.get('a')!.send(jumbo);
    expect((await arrived).length).toBe(jumbo.length);
    expect(client.restarts).toBe(1);
  });

  it('takes in what is added and removed while it is away', async () => {
    const { client, clock, crash } = lab();
    await plug(client, 'a');
    crash();
    await client.removePort('a');
    await client.addPort(portSpec('b'), new MessageChannel().port1);
    const renewed = new Promise<readonly { id: string }[]>((resolve) => client.portsRenewed(resolve));
    await clock.advance(0);
    expect((await renewed).map(({ id }) => id)).toEqual(['b']);
  });

  it('does not lose a port whose adding the crash has cut off', async () => {
    const { client, clock, crash } = lab();
    const adding = client.addPort(portSpec('a'), new MessageChannel().port1);
    crash();
    await adding;
    const renewed = new Promise<readonly { id: string }[]>((resolve) => client.portsRenewed(resolve));
    await clock.advance(0);
    expect((await renewed).map(({ id }) => id)).toEqual(['a']);
  });

  it('gives no cable for a port that is removed in the middle of a restart', async () => {
    const { client, clock, crash } = lab();
    for (const id of ['a', 'b']) await plug(client, id);
    crash();
    const renewed = new Promise<readonly { id: string }[]>((resolve) => client.portsRenewed(resolve));
    await clock.advance(0);
    const removing = client.removePort('a');
    expect((await renewed).map(({ id }) => id)).toEqual(['b']);
    await removing;
    expect((await client.remote.status()).map(({ id }) => id)).toEqual(['b']);
  });

  it('pauses longer each time when it dies again and again, and at once after a sound life', async () => {
    const { client, clock, crash, workers } = lab();
    const pauses: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) {
      const count = workers.length;
      crash();
      let waited = 0;
      await clock.advance(0);
      for (; workers.length === count; waited += 250) await clock.advance(250);
      pauses.push(waited);
    }
    expect(pauses).toEqual([0, 250, 500, 1000, 2000, 4000, 4000]);
    await clock.advance(10_000);
    crash();
    await clock.advance(0);
    expect(client.restarts).toBe(8);
  });

  it('stays down once it was taken down, and lets nobody wait', async () => {
    const { client, clock, workers } = lab();
    const asked = codeOf(client.remote.status());
    client.dispose();
    expect(await asked).toBe('Canceled');
    expect(await codeOf((async () => client.remote.fdb())())).toBe('Canceled');
    await clock.advance(10_000);
    expect(workers).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
