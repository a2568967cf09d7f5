import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerChange, ContainerHost } from '../../src/api/container-host';
import type { Digest } from '../../src/api/content-store';
import type { Instance, Process } from '../../src/api/instance';
import type { Lab } from '../../src/engine/lab';
import {
  type ContainerLab,
  createContainerLab,
  execIn,
  hasHostPrograms,
  nextNews,
  openHostPrograms,
  outcomeOf,
  plainContainer,
  textReader,
} from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { shell } from '../support/node-lab';

/** Of the runtime. */
const [current, older] = ['1.3.0', '1.1.0'];

/** The runtime as it was when it said that it was of an earlier version, in the place of the one that is there. */
async function bringOlder(machine: Instance): Promise<void> {
  const { artifacts, close } = await openHostPrograms();
  const program = Buffer.from(
    await artifacts.load({ reference: 'strata/oci-runtime:1', part: { title: 'strata-oci' } }),
  );
  await close();
  program.write(older, program.indexOf(`${current}\0`));
  const bring = `cat > /bin/older && chmod 755 /bin/older
    while umount -l /bin/strata-oci 2>/dev/null; do :; done; mv /bin/older /bin/strata-oci`;
  const process = await machine.exec({ argv: ['/bin/sh', '-c', bring] });
  await new Blob([program]).stream().pipeTo(process.stdin);
  expect(await outcomeOf(process)).toMatchObject({ code: 0 });
}

const sayLines = 'echo begun; while read -r line; do echo "heard $line"; done';

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('a host of containers over the end of its page', () => {
  let made: ContainerLab;
  let lab: Lab;
  let host: ContainerHost;
  let busybox: readonly Digest[];
  let process: Process;
  /** What the container has changed, as the page that began it says. */
  let changes: readonly ContainerChange[];

  beforeAll(async () => {
    made = await createContainerLab();
    lab = made.lab;
    busybox = await made.loadImage('busybox');
    host = await made.hosts.open();
    process = await host.run(plainContainer('talker', busybox, ['sh', '-c', sayLines]));
    await textReader(process).until('begun');
    await shell(lab.instance(host.instance), 'sync');
    changes = await host.changes('talker');
  });
  afterAll(() => made.dispose());

  it('has its containers alive when the page comes back, and their streams go on', async () => {
    const later = await made.reload();
    lab = later.lab;
    host = await later.hosts.open();
    expect(host.name).toBe('host-1');
    expect([...(await host.running()).keys()]).toEqual(['talker']);
    // It was mounted in, too, which is no change of its own.
    expect(await host.changes('talker')).toEqual(changes);
    const attached = await host.reattach(process.id);
    const text = textReader(attached);
    await attached.stdin.getWriter().write(new TextEncoder().encode('again\n'));
    expect(await text.until('heard again')).not.toContain('begun');
    expect(await execIn(host, 'talker', 'cat /etc/os-release | head -1')).toMatchObject({ code: 0 });
    process = attached;
  });

  it('is set up to its end by the next page where one ended in the middle', async () => {
    const machine = lab.instance(host.instance);
    const shape = 'ip -o -4 addr show scope global; ip route; ls /sys/class/net; grep -c /var/lib/strata /proc/mounts';
    const before = await shell(machine, shape);
    // As it was in the middle: the NIC has its address still, and its bridge has none yet.
    const half = 'ip addr del 10.0.0.2/16 dev br0 && ip addr add 10.0.0.2/16 dev eth0 && rmdir /run/strata/ready';
    expect(await shell(machine, half)).toMatchObject({ code: 0 });
    const later = await made.reload();
    lab = later.lab;
    host = await later.hosts.open();
    expect(await shell(lab.instance(host.instance), shape)).toEqual(before);
    expect(before).toMatchObject({ code: 0, stdout: expect.stringMatching(/ br0 +inet .* dev br0 /s) });
    expect([...(await host.running()).keys()]).toEqual(['talker']);
    process = await host.reattach(process.id);
  });

  it('finds layers that it has not met before', async () => {
    const debian = await made.loadImage('debian');
    const run = await host.run(plainContainer('debian', debian, ['/bin/sh', '-c', '. /etc/os-release; echo $ID']));
    expect(await outcomeOf(run)).toMatchObject({ code: 0, stdout: 'debian\n' });
  });

  it('hears of the end of a container that an earlier page has begun', async () => {
    const exited = nextNews(host, 'exited', 'talker');
    await host.kill('talker', 9);
    expect(await exited).toMatchObject({ exit: { code: 137 } });
    expect(await process.exited).toBe(137);
  });

  it('knows how the runtime goes on when its server dies', async () => {
    const talker = await host.run(plainContainer('second', busybox, ['sh', '-c', sayLines]));
    await shell(lab.instance(host.instance), 'kill -9 $(pidof strata-oci | tr " " "\\n" | sort -n | head -1)');
    expect([...(await untilAnswered(host)).keys()]).toEqual(['second']);
    const exited = nextNews(host, 'exited', 'second');
    await talker.stdin.close();
    expect(await talker.exited).toBe(0);
    expect(await exited).toMatchObject({ exit: { code: 0 } });
  });

  it('says that it is lost when its machine is killed, and has what was written when it starts again', async () => {
    const writer = await host.run(plainContainer('writer', busybox, ['sh', '-c', 'echo kept > /root/file; sync; cat']));
    while ((await execIn(host, 'writer', 'cat /root/file')).stdout !== 'kept\n');
    await execIn(host, 'writer', 'sync');
    const lost = nextNews(host, 'lost');
    await lab.kill(host.instance).finished;
    expect(await lost).toMatchObject({ reason: 'Killed' });
    await expect(writer.exited).rejects.toMatchObject({ code: 'Aborted' });
    await expect(host.running()).rejects.toMatchObject({ code: 'Unavailable' });
    const before = host;
    await lab.start(host.instance).finished;
    host = await made.currentHosts().open('host-1');
    expect(host).not.toBe(before);
    expect(await host.running()).toEqual(new Map());
    expect(await host.statPath('writer', '/root/file')).toMatchObject({ size: 5 });
    expect(await host.changes('writer')).toEqual([
      { path: '/root', kind: 'modified' },
      { path: '/root/file', kind: 'added' },
    ]);
    const again = await host.run(plainContainer('writer', busybox, ['cat', '/root/file']));
    expect(await outcomeOf(again)).toMatchObject({ code: 0, stdout: 'kept\n' });
  });
});

/** A hang guard: two pages on a busy machine. */
const guardMs = 300_000;

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)(
  'a host that an older page has set up',
  { timeout: guardMs },
  () => {
    it('is given the runtime of the page that comes back, and goes on with its containers', async () => {
      const made = await createContainerLab();
      const busybox = await made.loadImage('busybox');
      const before = await made.hosts.open();
      const version = async (lab: Lab) => (await shell(lab.instance(before.instance), 'strata-oci --version')).stdout;
      expect(await version(made.lab)).toContain(`strata-oci ${current}\n`);
      await bringOlder(made.lab.instance(before.instance));
      expect(await version(made.lab)).toContain(`strata-oci ${older}\n`);
      const talker = await before.run(plainContainer('talker', busybox, ['sh', '-c', sayLines]));
      await textReader(talker).until('begun');
      const { lab, hosts } = await made.reload();
      const host = await hosts.open();
      expect(await version(lab)).toContain(`strata-oci ${current}\n`);
      expect([...(await host.running()).keys()]).toEqual(['talker']);
      expect(await execIn(host, 'talker', 'echo here')).toMatchObject({ code: 0, stdout: 'here\n' });
      const nic = { name: 'eth0', network: 'default', mac: '02:5e:aa:00:00:01', address: '10.0.9.1', mtu: 1500 };
      const spec = plainContainer('next', busybox, ['true'], { nics: [{ ...nic, prefixLength: 16 }] });
      expect(await outcomeOf(await host.run(spec))).toMatchObject({ code: 0 });
      const exited = nextNews(host, 'exited', 'talker');
      await host.kill('talker', 9);
      expect(await exited).toMatchObject({ exit: { code: 137 } });
      await made.dispose();
    });
  },
);

/** A runtime that has just died is noticed by the first who asks; the next one is answered. */
async function untilAnswered(host: ContainerHost) {
  for (;;) {
    const running = await host.running().catch(() => undefined);
    if (running) return running;
  }
}
