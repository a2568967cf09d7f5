import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerHost } from '../../src/api/container-host';
import type { Digest } from '../../src/api/content-store';
import type { Process } from '../../src/api/instance';
import type { Lab } from '../../src/engine/lab';
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

const sayLines = 'echo begun; while read -r line; do echo "heard $line"; done';

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('a host of containers over the end of its page', () => {
  let made: ContainerLab;
  let lab: Lab;
  let host: ContainerHost;
  let busybox: readonly Digest[];
  let process: Process;

  beforeAll(async () => {
    made = await createContainerLab();
    lab = made.lab;
    busybox = await made.loadImage('busybox');
    host = await made.hosts.open();
    process = await host.run(plainContainer('talker', busybox, ['sh', '-c', sayLines]));
    await textReader(process).until('begun');
    await shell(lab.instance(host.instance), 'sync');
  });
  afterAll(() => made.dispose());

  it('has its containers alive when the page comes back, and their streams go on', async () => {
    const later = await made.reload();
    lab = later.lab;
    host = await later.hosts.open();
    expect(host.name).toBe('host-1');
    expect([...(await host.running()).keys()]).toEqual(['talker']);
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
    const again = await host.run(plainContainer('writer', busybox, ['cat', '/root/file']));
    expect(await outcomeOf(again)).toMatchObject({ code: 0, stdout: 'kept\n' });
  });
});

/** A runtime that has just died is noticed by the first who asks; the next one is answered. */
async function untilAnswered(host: ContainerHost) {
  for (;;) {
    const running = await host.running().catch(() => undefined);
    if (running) return running;
  }
}
