import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance';
import { systemClock } from '../../src/base/clock';
import { hostsFile } from '../../src/engine/hosts-file';
import { Networks } from '../../src/engine/networks';
import { SwitchClient } from '../../src/network/switch-client';
import type { SwitchService } from '../../src/network/switch-service';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import type { WorkerHandle } from '../../src/rpc/worker-handle';
import { createMemoryContentStore } from '../../src/storage/open-content-store';
import { createNodeLab, type NodeLab, shell, smallVm } from '../support/node-lab';

/** Two guests on a switch in a thread of its own that is killed under them. */
describe('machines whose switch is killed', () => {
  let lab: NodeLab;
  let networks: Networks;
  let client: SwitchClient;
  const workers: WorkerHandle[] = [];
  const vms: Instance[] = [];

  beforeAll(async () => {
    lab = await createNodeLab();
    const spawn = nodeSpawner(new URL('../../workers/switch.node.ts', import.meta.url));
    client = new SwitchClient({
      clock: systemClock,
      start: () =>
        lab.supervisor.spawn<SwitchService>((name) => {
          const handle = spawn(name);
          workers.push(handle);
          return handle;
        }, 'switch'),
    });
    const { records } = createMemoryContentStore();
    const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
    networks = new Networks({ records, switch: client, clock: systemClock, randomBytes });
    for (const name of ['left', 'right']) vms.push(create(name));
    await Promise.all(vms.map((vm) => vm.start()));
  });
  afterAll(async () => {
    networks.dispose();
    client.dispose();
    await lab.dispose();
  });

  function create(name: string): Instance {
    const spec = { ...smallVm, name, nics: [{ network: 'default' }] };
    networks.reserve(name, spec.nics);
    const resources = {
      attachNics: () => networks.attach(name, spec),
      openDisks: async () => [],
      hosts: () => hostsFile(name, networks.reservationsOf(name), []),
    };
    return lab.driver.create(spec, resources, name);
  }

  const vm = (index: number): Instance => {
    const found = vms[index];
    if (!found) throw new Error(`No machine ${index}`);
    return found;
  };
  const addressOf = (name: string): string => networks.reservationsOf(name)[0]?.address ?? '';
  const ping = (from: number, to: string, count = 1) =>
    shell(vm(from), `ping -c ${count} -W 10 ${addressOf(to)}`, undefined);
  /** The next restart of the switch, with all cables on their way to their owners. */
  const renewed = () =>
    new Promise<void>((resolve) => {
      const listener = client.portsRenewed(() => {
        listener.dispose();
        resolve();
      });
    });
  const kill = async (): Promise<void> => {
    const back = renewed();
    workers.at(-1)?.terminate();
    await back;
  };

  it('reach each other again over new cables, and are counted as before', async () => {
    expect(await ping(0, 'right')).toMatchObject({ code: 0 });
    const [before] = (await networks.status()).ports;
    expect(before?.counters.rxFrames).toBeGreaterThan(0);
    await kill();
    expect(client.restarts).toBe(1);
    expect(await ping(0, 'right', 3)).toMatchObject({ code: 0, stdout: expect.stringContaining('3 packets received') });
    const { ports, fdb } = await networks.status();
    expect(ports.map(({ up }) => up)).toEqual([true, true]);
    // Those of a new switch, from 0 on: three answers at least have come in from either side.
    for (const { counters } of ports) expect(counters.rxFrames).toBeGreaterThanOrEqual(3);
    expect(fdb.map(({ mac }) => mac).sort()).toEqual(
      ['left', 'right'].flatMap((name) => networks.reservationsOf(name).map(({ mac }) => mac)).sort(),
    );
  });

  it('keep their connections', async () => {
    await shell(vm(1), 'dd if=/dev/urandom of=/tmp/file bs=1M count=5 2>/dev/null; httpd -p 80 -h /tmp');
    const sum = await shell(vm(1), 'md5sum < /tmp/file');
    const sentOf = async (): Promise<number> =>
      (await networks.status()).ports.find(({ id }) => id === 'left/0')?.counters.txBytes ?? 0;
    const before = await sentOf();
    const got = shell(vm(0), `wget -q -O - http://${addressOf('right')}/file | md5sum`);
    while ((await sentOf()) < before + 1_000_000) await vm(1).ping();
    await kill();
    expect(await got).toMatchObject({ code: 0, stdout: sum.stdout });
  });

  it('take the new cable when they move at that moment, or stand still', async () => {
    const back = renewed();
    const moved = vm(0).migrate();
    workers.at(-1)?.terminate();
    await Promise.all([moved, back]);
    expect(await ping(0, 'right')).toMatchObject({ code: 0 });
    await vm(0).pause();
    await kill();
    await vm(0).resume();
    expect(await ping(1, 'left')).toMatchObject({ code: 0 });
  });
});
