import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { SandboxError } from '../../src/base/errors';
import { SlabReader } from '../../src/formats/frame-slab';
import { SwitchClient } from '../../src/network/switch-client';
import { broadcast, ethernet, macOf, portSpec } from '../../src/network/switch-fixture';
import { queueLimits } from '../../src/network/switch-port';
import type { SwitchService } from '../../src/network/switch-service';
import { type ReceivedSlab, SlabPort, windowFrames } from '../../src/rpc/slab-port';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import type { WorkerHandle } from '../../src/rpc/worker-handle';
import { Supervisor } from '../../src/runtime/supervisor';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

/** The switch in a thread of its own, under the supervisor that the product has. */
function startSwitch() {
  const supervisor = new Supervisor(systemClock);
  const spawn = nodeSpawner(new URL('../../workers/switch.node.ts', import.meta.url));
  const handles: WorkerHandle[] = [];
  const client = new SwitchClient({
    clock: systemClock,
    start: () =>
      supervisor.spawn<SwitchService>((name) => {
        const handle = spawn(name);
        handles.push(handle);
        return handle;
      }, 'switch'),
  });
  ends.push(() => supervisor.dispose());
  ends.push(() => client.dispose());
  return { client, supervisor, handles };
}

/** A station with its cable, here in this thread. */
class Station {
  readonly cable: SlabPort;
  readonly mac: string;
  frames = 0;
  onFrame: (frame: Uint8Array) => void = () => {};
  /** Slabs that it has not dealt with, while it is stalled. */
  held: ReceivedSlab[] | undefined;

  constructor(port: MessagePort, number: number) {
    this.mac = macOf(number);
    this.cable = new SlabPort(port);
    this.cable.received((slab) => {
      if (this.held) this.held.push(slab);
      else this.#read(slab);
    });
    this.cable.setLink({ up: true, offload: true });
    ends.push(() => this.cable.dispose());
  }

  send(to: string, payload = new Uint8Array(50)): boolean {
    return this.cable.send(ethernet(to, this.mac, payload));
  }

  /** Sends so many frames as fast as the cable takes them. */
  async flood(to: string, count: number, payload = new Uint8Array(50)): Promise<void> {
    const frame = ethernet(to, this.mac, payload);
    for (let sent = 0; sent < count; ) {
      while (sent < count && this.cable.send(frame)) sent += 1;
      if (sent < count) await this.drained();
    }
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      const listening = this.cable.drained(() => {
        listening.dispose();
        resolve();
      });
    });
  }

  resume(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const slab of held) this.#read(slab);
  }

  #read(slab: ReceivedSlab): void {
    const reader = new SlabReader(slab);
    while (reader.next()) {
      this.frames += 1;
      this.onFrame(reader.bytes.subarray(reader.frameStart, reader.frameEnd));
    }
    slab.release();
  }
}

async function plug(client: SwitchClient, id: string, number: number): Promise<Station> {
  const { port1, port2 } = new MessageChannel();
  await client.addPort(portSpec(id), port1);
  return new Station(port2, number);
}

/** Asks again each time that messages have been delivered. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

const allUp = (client: SwitchClient) => until(async () => (await client.remote.status()).every(({ up }) => up));

/** One request and its answer, so many times. */
async function converse(asker: Station, answerer: Station, times: number): Promise<void> {
  answerer.onFrame = (frame) => {
    if (frame[0] !== 0xff) answerer.send(asker.mac);
  };
  for (let turn = 0; turn < times; turn += 1) {
    const answered = new Promise<void>((resolve) => {
      asker.onFrame = (frame) => {
        if (frame[0] !== 0xff) resolve();
      };
    });
    asker.send(answerer.mac);
    await answered;
  }
}

describe('the switch in its worker', () => {
  it('bears a flood of broadcasts: a pair goes on talking, and every frame is accounted for', async () => {
    const { client } = startSwitch();
    const [flooder, x, y] = [await plug(client, 'f', 1), await plug(client, 'x', 2), await plug(client, 'y', 3)];
    await allUp(client);
    await converse(x, y, 1);
    const flooding = flooder.flood(broadcast, 100_000);
    await converse(x, y, 300);
    await flooding;
    // All frames have arrived when all have been counted; nothing is on its way when all sent has been acknowledged.
    await until(async () => (await client.remote.status()).find(({ id }) => id === 'f')?.counters.rxFrames === 100_000);
    await until(async () => (await client.remote.totals('lab')).queued === 0);
    const [status, totals] = [await client.remote.status(), await client.remote.totals('lab')];
    const [fPort, xPort, yPort] = status.map(({ counters }) => counters);
    const refused = Object.values(fPort!.drops).reduce((sum, count) => sum + count, 0);
    expect(fPort!.drops['storm-control']).toBe(refused);
    expect(refused).toBeGreaterThan(90_000);
    expect(totals.received).toBe(totals.refused + totals.forwarded);
    expect(totals.copies).toBe(totals.delivered + totals.lost);
    // Each broadcast that was let through reached both, or is counted as dropped there.
    for (const port of [xPort!, yPort!]) {
      const conversation = port === xPort ? yPort!.rxFrames : xPort!.rxFrames;
      expect(port.txFrames + port.drops['queue-full']).toBe(100_000 - refused + conversation);
    }
    await until(async () => x.frames === xPort!.txFrames && y.frames === yPort!.txFrames);
  });

  it('keeps what waits for a slow reader within bounds, and delivers it when it reads again', async () => {
    const { client } = startSwitch();
    const [a, slow, c] = [await plug(client, 'a', 1), await plug(client, 'slow', 2), await plug(client, 'c', 3)];
    const d = await plug(client, 'd', 4);
    await allUp(client);
    slow.send(broadcast);
    await until(async () => c.frames === 1);
    c.send(broadcast);
    await until(async () => slow.frames === 1);
    slow.held = [];
    const flooding = a.flood(slow.mac, 10_000);
    await converse(d, c, 300);
    await flooding;
    await until(async () => (await client.remote.status())[0]?.counters.rxFrames === 10_000);
    const stalled = (await client.remote.status()).find(({ id }) => id === 'slow');
    expect(stalled?.queuedFrames).toBe(queueLimits.frames);
    expect(stalled?.counters.drops['queue-full']).toBe(10_000 - queueLimits.frames - windowFrames);
    slow.resume();
    await until(async () => slow.frames === 1 + queueLimits.frames + windowFrames);
    expect((await client.remote.status()).find(({ id }) => id === 'slow')?.queuedFrames).toBe(0);
  });

  it('is there again when its thread is ended, with all its ports', async () => {
    const { client, handles } = startSwitch();
    for (const [index, id] of ['a', 'b'].entries()) await plug(client, id, index + 1);
    const renewed = new Promise<readonly { id: string; port: MessagePort }[]>((resolve) =>
      client.portsRenewed(resolve),
    );
    handles[0]!.terminate();
    const stations = (await renewed).map(({ port }, index) => new Station(port, index + 1));
    await allUp(client);
    await converse(stations[0]!, stations[1]!, 10);
    expect(client.restarts).toBe(1);
  });

  it('rejects what waits for it when it is taken down', async () => {
    const { client } = startSwitch();
    const asked = client.remote.status().catch((error: unknown) => error);
    client.dispose();
    expect(await asked).toBeInstanceOf(SandboxError);
  });
});
