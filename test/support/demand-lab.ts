import type { PageConnection } from '../../src/engine/gateways';
import type { InstanceRecord } from '../../src/engine/instance-record';
import type { NetworkStatus } from '../../src/engine/networks';
import type { Stores } from '../../src/engine/stores-fixture';
import { createGatewayLab, type GatewayLab } from './gateway-lab';
import type { KillableStore } from './killable-store';
import { type HttpAnswer, httpRequest, readHttpAnswer } from './unikernel-lab';

/** What is there, to be compared with what is there later. */
export interface Remains {
  readonly workers: number;
  readonly unikernelWorkers: number;
  readonly ports: number;
  readonly records: number;
  readonly heapMiB: number;
}

/** A whole lab with a kv that sleeps whenever nobody asks it. */
export interface DemandLab extends GatewayLab {
  readonly idleMs: number;
  startKv(): Promise<void>;
  record(): InstanceRecord;
  /** Resolves when it sleeps. */
  asleep(): Promise<void>;
  connect(): Promise<PageConnection>;
  /** A request from the page, on a connection of its own. */
  ask(method: string, path: string, body?: string): Promise<HttpAnswer>;
  /** Wakes it with a request and waits until it sleeps, so many times. */
  cycle(times: number): Promise<void>;
  remains(): Promise<Remains>;
}

const mebibyte = 1024 * 1024;

export interface DemandLabOptions {
  /**
   * Long enough for whoever is in the middle of something, even on a machine that does much else: a guest that takes
   * longer to say where it is (ARP) misses the answer.
   */
  readonly idleMs?: number;
  readonly stores?: Stores;
  readonly disks?: KillableStore;
}

export async function openDemandLab({ stores, disks, idleMs = 400 }: DemandLabOptions = {}): Promise<DemandLab> {
  const made = await createGatewayLab(stores, disks);
  const { lab, nodes, unikernels } = made;
  const record = (): InstanceRecord => {
    const found = lab.list().find(({ name }) => name === 'kv');
    if (!found) throw new Error('There is no kv');
    return found;
  };
  const connect = (): Promise<PageConnection> =>
    lab.connect('default', { address: record().nics[0]?.address ?? '', port: 80 });
  const asleep = (): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        const { demand, state } = record();
        if (!demand?.asleep || state.phase === 'failed') return;
        listening.dispose();
        resolve();
      };
      const listening = lab.changes(check);
      check();
    });
  const ask = async (method: string, path: string, body = ''): Promise<HttpAnswer> =>
    httpOver(await connect(), method, path, body);
  const status = (): Promise<NetworkStatus> =>
    new Promise((resolve) => {
      const listening = lab.networkStatus((now) => {
        listening.dispose();
        resolve(now);
      });
    });
  return {
    ...made,
    idleMs,
    record,
    connect,
    asleep,
    ask,
    async startKv() {
      const spec = { kind: 'unikernel', name: 'kv', image: 'strata/unikernel-kv:1', args: [], config: {} } as const;
      const more = { memoryMiB: 4, disks: [{ sizeMiB: 1 }], addressing: 'static', onDemand: { idleMs } } as const;
      const { id } = await lab.create({ ...spec, ...more });
      await lab.start(id).finished;
    },
    async cycle(times) {
      for (let time = 0; time < times; time += 1) {
        const { status: answered } = await ask('GET', '/');
        if (answered !== 200) throw new Error(`Answered with ${answered} at the wake ${time + 1}`);
        await asleep();
      }
    },
    async remains() {
      globalThis.gc?.();
      const collections = ['instances', 'networks', 'reservations', 'snapshots', 'leases'] as const;
      const records = await Promise.all(collections.map((each) => made.stores.records.list(each)));
      return {
        workers: nodes.supervisor.count,
        unikernelWorkers: unikernels.workers,
        ports: (await status()).ports.length,
        records: records.flat().length,
        heapMiB: process.memoryUsage().heapUsed / mebibyte,
      };
    },
  };
}

/** One request that says "Connection: close", and its answer. */
export async function httpOver(
  { readable, writable }: PageConnection,
  method: string,
  path: string,
  body = '',
): Promise<HttpAnswer> {
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode(httpRequest(method, path, body)));
  const answer = await new Response(readable).text();
  await writer.close();
  return readHttpAnswer(answer);
}
