import { systemClock } from '../../src/base/clock';
import { SwitchClient } from '../../src/network/switch-client';
import type { SwitchService } from '../../src/network/switch-service';
import { transfer } from '../../src/rpc/control';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import type { WorkerHandle } from '../../src/rpc/worker-handle';
import { Supervisor } from '../../src/runtime/supervisor';
import switchWorkerUrl from '../../workers/switch.ts?worker&url';
import type { BenchStation, Reception } from './station-worker';
import stationWorkerUrl from './station-worker.ts?worker&url';

export interface FloodResult {
  readonly sent: number;
  readonly received: Reception;
}

/** What the bench calls from outside. */
export interface SwitchBench {
  /** Station 1 sends frames to station 2, through the switch or by a cable between them. */
  flood(way: 'switch' | 'cable', packet: readonly number[], batch: number, forMs: number): Promise<FloodResult>;
  /** Ends the switch's worker; milliseconds until it is there again with its ports. */
  restart(): Promise<number>;
}

const supervisor = new Supervisor(systemClock);
const handles: WorkerHandle[] = [];
const spawnSwitch = browserSpawner(switchWorkerUrl);
const client = new SwitchClient({
  clock: systemClock,
  start: () =>
    supervisor.spawn<SwitchService>((name) => {
      const handle = spawnSwitch(name);
      handles.push(handle);
      return handle;
    }, 'switch'),
});
const spawnStation = browserSpawner(stationWorkerUrl);
const stations = [1, 2].map((number) => supervisor.spawn<BenchStation>(spawnStation, `station ${number}`).remote);
let ports = 0;

async function plug(way: 'switch' | 'cable'): Promise<void> {
  const [one, two] = stations;
  if (way === 'cable') {
    const { port1, port2 } = new MessageChannel();
    await one?.plug(transfer(port1, [port1]));
    await two?.plug(transfer(port2, [port2]));
    return;
  }
  await client.removeNetwork('bench');
  for (const station of stations) {
    const { port1, port2 } = new MessageChannel();
    ports += 1;
    await client.addPort({ id: `port ${ports}`, network: 'bench', label: '', mtu: 1500 }, port1);
    await station.plug(transfer(port2, [port2]));
  }
  await two?.announce(Uint8Array.of(255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 2, 0x88, 0xb5));
  while ((await client.remote.fdb('bench')).length === 0);
}

const bench: SwitchBench = {
  async flood(way, packet, batch, forMs) {
    const [one, two] = stations;
    if (!one || !two) throw new Error('There are no stations');
    await plug(way);
    await two.reset();
    const sent = await one.flood(Uint8Array.from(packet), batch, forMs);
    let received = await two.reception();
    for (let last = -1; received.frames !== last; received = await two.reception()) {
      last = received.frames;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return { sent, received };
  },
  async restart() {
    await plug('switch');
    const begun = performance.now();
    const renewed = new Promise<number>((resolve) => {
      const listening = client.portsRenewed(() => {
        listening.dispose();
        resolve(performance.now() - begun);
      });
    });
    handles.at(-1)?.terminate();
    return renewed;
  },
};

Object.assign(globalThis, { bench });
