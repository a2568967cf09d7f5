import type { InstanceResources } from '../../src/api/instance';
import type { UnikernelImageSource } from '../../src/api/unikernel';
import { systemClock } from '../../src/base/clock';
import { Emitter } from '../../src/base/events';
import { digestOf } from '../../src/formats/digest';
import { serializeMacAddress } from '../../src/formats/mac-address';
import { SwitchClient } from '../../src/network/switch-client';
import type { SwitchService } from '../../src/network/switch-service';
import { transfer } from '../../src/rpc/control';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import { Supervisor } from '../../src/runtime/supervisor';
import { checkModule } from '../../src/runtime/unikernel/check-module';
import { ConsoleSender } from '../../src/runtime/unikernel/console-sender';
import { Guest } from '../../src/runtime/unikernel/guest';
import { GuestNic } from '../../src/runtime/unikernel/guest-nic';
import { TurnScheduler } from '../../src/runtime/unikernel/turn-scheduler';
import { createUnikernelDriver } from '../../src/runtime/unikernel/unikernel-driver';
import type { UnikernelInstance } from '../../src/runtime/unikernel/unikernel-instance';
import switchWorkerUrl from '../../workers/switch.ts?worker&url';
import unikernelWorkerUrl from '../../workers/unikernel.ts?worker&url';
import type { BenchHttpClient, ClientPlace } from './http-client-worker';
import clientWorkerUrl from './http-client-worker.ts?worker&url';

export interface FleetResult {
  readonly answered: number;
  /** Linear memory of one, bytes. */
  readonly memoryBytes: number;
  readonly ms: number;
  /** Why there are not as many as were wished for. */
  readonly refusal: string;
}

export interface BalancerResult {
  /** Requests a second to one server alone, and through the balancer to several, over kept connections. */
  readonly direct: number;
  readonly balanced: number;
  /** While backends come and go and each connection is for a few requests. */
  readonly changing: { readonly rate: number; readonly changes: number; readonly lost: number };
}

/** What the bench calls from outside. */
export interface UnikernelBench {
  /** Milliseconds to instantiate the compiled module and run its init, once. */
  instantiate(): Promise<number>;
  /** Milliseconds from the wish for a server to its first answer, its address being known. */
  createToAnswer(): Promise<number>;
  /** Requests a second to one server over kept connections. */
  requestRate(connections: number, forMs: number): Promise<number>;
  /** So many servers at once, or as many as there is room for, each asked once. */
  fleet(count: number): Promise<FleetResult>;
  /** A balancer before so many servers. */
  balancer(backends: number, connections: number, forMs: number): Promise<BalancerResult>;
}

const memoryMiB = 4;
const path = '/bench.txt';
const config = { '/www/bench.txt': 'x'.repeat(100) };
const fetchBytes = async (name: string): Promise<ArrayBuffer> => (await fetch(`./${name}.wasm`)).arrayBuffer();
const bytes = await fetchBytes('httpd');
const images: UnikernelImageSource = {
  async load(image) {
    const module = await fetchBytes(image);
    return { digest: await digestOf(new Uint8Array(module)), bytes: module };
  },
};
const supervisor = new Supervisor(systemClock);
const client = new SwitchClient({
  clock: systemClock,
  start: () => supervisor.spawn<SwitchService>(browserSpawner(switchWorkerUrl), 'switch'),
});
const driver = createUnikernelDriver({
  images,
  spawn: browserSpawner(unikernelWorkerUrl),
  supervisor,
  clock: systemClock,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  memoryBudgetMiB: 4096,
  cores: navigator.hardwareConcurrency,
});
const http = supervisor.spawn<BenchHttpClient>(browserSpawner(clientWorkerUrl), 'client').remote;
let places = 0;

/** The next address and MAC of 10.0.0.0/16. */
function nextPlace(): ClientPlace {
  places += 1;
  const [high, low] = [places >> 8, places & 0xff];
  return { mac: Uint8Array.of(2, 0x5e, 0, 0, high, low), address: Uint8Array.of(10, 0, high + 1, low) };
}

async function cable({ address }: ClientPlace): Promise<MessagePort> {
  const { port1, port2 } = new MessageChannel();
  await client.addPort({ id: address.join('.'), network: 'bench', label: '', mtu: 1500 }, port1);
  return port2;
}

function resourcesOf(place: ClientPlace): InstanceResources {
  return {
    hosts: () => '',
    openDisks: async () => [],
    attachNics: async () => [
      {
        nic: 0,
        mac: serializeMacAddress(place.mac),
        address: place.address.join('.'),
        prefixLength: 16,
        mtu: 1500,
        port: await cable(place),
        renewed: new Emitter<MessagePort>().event,
        detach: () => void client.removePort(place.address.join('.')),
      },
    ],
  };
}

function create(place: ClientPlace, image = 'httpd', args: readonly string[] = []): UnikernelInstance {
  const spec = { kind: 'unikernel', name: `${image}-${places}`, image, args, config, memoryMiB } as const;
  return driver.create({ ...spec, addressing: 'static' }, resourcesOf(place));
}

/** Starts one, and resolves when it has answered. */
async function serve(image?: string, args?: readonly string[]) {
  const place = nextPlace();
  const instance = create(place, image, args);
  await instance.start();
  await http.fetchOnce({ ...place, path });
  return { place, instance };
}

/** Requests a second, once it is warm. */
async function rateOf(place: ClientPlace, connections: number, forMs: number): Promise<number> {
  await http.load({ ...place, path }, { connections, forMs: forMs / 2 });
  const { answered } = await http.load({ ...place, path }, { connections, forMs });
  return (answered * 1000) / forMs;
}

const own = nextPlace();
const plugged = cable(own).then((port) => http.plug(transfer(port, [port]), own));
const checked = checkModule(new Uint8Array(bytes.slice(0)), memoryMiB);

const bench: UnikernelBench = {
  async instantiate() {
    const { module } = await checked;
    const { port1, port2 } = new MessageChannel();
    const scheduler = new TurnScheduler(systemClock);
    const nic = new GuestNic({ mac: own.mac, mtu: 1500, port: port1, wake: () => {} });
    const args = ['httpd', '--ipv4=10.0.0.2/16', '--gateway=10.0.0.1'];
    const guest = new Guest({
      module,
      kind: 'evented',
      args,
      config,
      cpus: Number.POSITIVE_INFINITY,
      console: new ConsoleSender(new MessageChannel().port1),
      devices: [{ name: 'service', nic }],
      scheduler,
      clock: systemClock,
      random: (into) => void crypto.getRandomValues(into),
      announce: () => {},
      onMemory: () => {},
      onEnd: () => {},
    });
    const begun = performance.now();
    const end = await guest.begin();
    const took = performance.now() - begun;
    guest.dispose();
    scheduler.dispose();
    port2.close();
    if (end) throw new Error(`The module ended: ${JSON.stringify(end)}`);
    return took;
  },
  async createToAnswer() {
    await plugged;
    const place = nextPlace();
    const begun = performance.now();
    const instance = create(place);
    await instance.start();
    await http.fetchOnce({ ...place, path });
    const took = performance.now() - begun;
    await instance.kill();
    return took;
  },
  async requestRate(connections, forMs) {
    await plugged;
    const { place, instance } = await serve();
    const rate = await rateOf(place, connections, forMs);
    await instance.kill();
    return rate;
  },
  async fleet(count) {
    await plugged;
    const begun = performance.now();
    const fleet: { readonly place: ClientPlace; readonly instance: UnikernelInstance }[] = [];
    let refusal = '';
    while (fleet.length < count && refusal === '') {
      const place = nextPlace();
      const instance = create(place);
      try {
        await instance.start();
        fleet.push({ place, instance });
      } catch (error) {
        refusal = String(error);
      }
    }
    const answers = await Promise.allSettled(fleet.map(({ place }) => http.fetchOnce({ ...place, path })));
    const answered = answers.filter(({ status }) => status === 'fulfilled').length;
    for (const answer of answers) if (answer.status === 'rejected' && refusal === '') refusal = String(answer.reason);
    const ms = performance.now() - begun;
    const samples = await Promise.all(fleet.map(({ instance }) => instance.stats()));
    const memoryBytes = Math.max(...samples.map(({ memory }) => memory.total));
    await Promise.all(fleet.map(({ instance }) => instance.kill()));
    return { answered, memoryBytes, ms, refusal };
  },
  async balancer(count, connections, forMs) {
    await plugged;
    const servers = [];
    while (servers.length < count) servers.push(await serve());
    const [first] = servers;
    if (!first) throw new Error('There are no servers');
    const direct = await rateOf(first.place, connections, forMs);
    const backends = servers.map(({ place }) => `${place.address.join('.')}:80`);
    const balancer = await serve('lb', backends);
    const balanced = await rateOf(balancer.place, connections, forMs);
    let changes = 0;
    let over = false;
    const change = async (): Promise<void> => {
      while (!over) {
        const changed = `/backends/${backends[changes % count]}`;
        for (const method of ['DELETE', 'PUT']) {
          await http.fetchOnce({ ...balancer.place, port: 8080, method, path: changed });
        }
        changes += 1;
      }
    };
    const changing = change();
    const target = { ...balancer.place, path };
    const { answered, lost } = await http.load(target, { connections, forMs, requestsEach: 20 });
    over = true;
    await changing;
    await Promise.all([...servers, balancer].map(({ instance }) => instance.kill()));
    return { direct, balanced, changing: { rate: (answered * 1000) / forMs, changes, lost } };
  },
};

Object.assign(globalThis, { bench });
