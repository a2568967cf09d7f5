import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerChange, ContainerHost } from '../../src/api/container-host';
import type { Digest } from '../../src/api/content-store';
import type { Process } from '../../src/api/instance';
import type { Lab } from '../../src/engine/lab';
import type { ArtifactLoader } from '../../src/engine/store-client';
import {
  type ContainerLab,
  createContainerLab,
  execIn,
  hasHostPrograms,
  nextNews,
  outcomeOf,
  plainContainer,
  textReader,
} from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { shell } from '../support/node-lab';

/** The runtime as it was when it said that it was of version 1.1.0: nobody asks it for what came later. */
const olderPrograms = (loader: ArtifactLoader): ArtifactLoader => ({
  resolve: (reference) => loader.resolve(reference),
  async load(request, operation) {
    const bytes = Buffer.from(await loader.load(request, operation));
    const at = bytes.indexOf('1.2.0\0');
    if (at >= 0) bytes.write('1.1.0', at);
    return Uint8Array.from(bytes).buffer;
  },
});

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
      const made = await createContainerLab({ firstPrograms: olderPrograms });
      const busybox = await made.loadImage('busybox');
      const before = await made.hosts.open();
      const version = async (lab: Lab) => (await shell(lab.instance(before.instance), 'strata-oci --version')).stdout;
      expect(await version(made.lab)).toContain('strata-oci 1.1.0\n');
      const talker = await before.run(plainContainer('talker', busybox, ['sh', '-c', sayLines]));
      await textReader(talker).until('begun');
      const { lab, hosts } = await made.reload();
      const host = await hosts.open();
      expect(await version(lab)).toContain('strata-oci 1.2.0\n');
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
