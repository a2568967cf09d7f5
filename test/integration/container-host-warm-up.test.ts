import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerHost, HostNews } from '../../src/api/container-host';
import type { Lab } from '../../src/engine/lab';
import { addressNumber, addressText } from '../../src/formats/ip-address';
import { addressMac } from '../../src/formats/mac-address';
import { rehearsedPort } from '../../src/runtime/container/host-rehearsal';
import { portName } from '../../src/runtime/container/port-guard';
import {
  type ContainerLab,
  createContainerLab,
  hasHostPrograms,
  outcomeOf,
  plainContainer,
} from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { shell } from '../support/node-lab';

/** A host is warmed up by programs that give way to all others. */
const patienceMs = 600_000;

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('a host of containers that is warmed up', () => {
  let made: ContainerLab;
  let lab: Lab;
  let host: ContainerHost;
  const news: HostNews[] = [];
  const inHost = async (command: string) => (await shell(lab.instance(host.instance), command)).stdout;
  const expectNoTrace = async () => {
    // Made once for all containers, and kept.
    expect(await inHost('ls /run/strata/seccomp | wc -l')).toBe('1\n');
    const places = '/run/strata/bundles /var/lib/strata/containers /sys/fs/cgroup/docker /sys/class/net';
    expect(await inHost(`ls ${places}`)).not.toContain('warm-up');
    expect(await inHost('ls /sys/class/net | grep veth; ls /run/strata-oci')).toBe('serve.sock\n');
    const guarded = await inHost('cat /run/strata/guarded-ports; /bin/nft list table bridge strata');
    expect(guarded).not.toContain(portName(rehearsedPort));
    expect(guarded).not.toContain('192.0.2.');
    expect([...(await host.running())]).toEqual([]);
  };

  beforeAll(async () => {
    made = await createContainerLab({ warmUpRuns: 2 });
    lab = made.lab;
    host = await made.hosts.open();
    host.news((each) => news.push(each));
    await host.warm;
  }, patienceMs);
  afterAll(() => made.dispose());

  it('has run containers that left nothing, on no network, and of which nobody was told', async () => {
    await expectNoTrace();
    expect(news).toEqual([]);
  });

  it('lets ports through already that its first containers have', async () => {
    const [, address = ''] = /inet ([\d.]+)/.exec(await inHost('ip -o -4 addr show dev br0 scope global')) ?? [];
    const next = addressNumber(address) ^ 1;
    const port = { bridge: 'br0', mac: addressMac(next), address: addressText(next) };
    expect(await inHost('cat /run/strata/guarded-ports')).toContain(portName(port));
  });

  it('runs containers as any other', async () => {
    const busybox = await made.loadImage('busybox');
    const process = await host.run(plainContainer('first', busybox, ['echo', 'hello']));
    expect(await outcomeOf(process)).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
    expect(news.map(({ kind }) => kind)).toContain('started');
  });

  it(
    'has nothing of a rehearsal after its machine was saved in the middle of one',
    async () => {
      const later = await made.reload();
      lab = later.lab;
      host = await later.hosts.open();
      // Where it goes on too fast to be seen, all are over.
      const begun = inHost('until [ -e /run/strata/bundles/strata-warm-up ]; do sleep 0.05; done').catch(
        () => undefined,
      );
      await Promise.race([begun, host.warm]);
      const last = await made.reload();
      lab = last.lab;
      host = await last.hosts.open();
      await host.warm;
      await expectNoTrace();
    },
    patienceMs,
  );
});
