import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { ContainerCreateBody, ContainerInspect } from '../../src/api/container';
import type { ContainerVolume } from '../../src/api/container-volume';
import { bringLab, openBroughtLab, saveLab } from '../support/page-archive';
import { askEngine, execIn, logOf, readEngine } from '../support/page-engine';
import { openPage, recordsOf, shellIn } from '../support/page-fleet';

/** A hang guard: two browsers with a host each, on a busy machine. */
const guardMs = 400_000;
/** Another one has another mark: whether it is the same process is seen by it. */
const count = `mark=$(cat /proc/sys/kernel/random/uuid); echo kept > /data/note; echo begun
  i=0; while sleep 1; do i=$((i + 1)); echo "$mark $i" > /count; echo $i; done`;

const byName = (one: { readonly Name: string }, other: { readonly Name: string }) => (one.Name < other.Name ? -1 : 1);

/** Containers of a lab that is saved while they run, in another browser. */
describe('containers of a lab that was saved whole', { timeout: guardMs }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let folder: string;
  let archive: string;
  let there: BrowserContext;
  let page: Page;
  /** What was told of all, and how far the one that runs had come, when the lab was saved. */
  let saved: Awaited<ReturnType<typeof told>>;
  let counted: Awaited<ReturnType<typeof counter>>;

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    folder = await mkdtemp(join(tmpdir(), 'lab-archive-'));
    archive = join(folder, 'Containers.tar');
    there = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
    page = await there.newPage();
    await openPage(page, `${server.url}#/lab`);
  }, guardMs);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (name: string, body: Omit<ContainerCreateBody, 'Image'>): Promise<void> => {
    await askEngine(page, 'POST', `/containers/create?name=${name}`, { Image: 'busybox', ...body });
    await askEngine(page, 'POST', `/containers/${name}/start`);
  };
  const inspect = (name: string) => readEngine<ContainerInspect>(page, `/containers/${name}/json`);
  /** What does not change by itself: of containers, their networks and their volumes. */
  const told = async () => {
    const containers = await Promise.all(['counter', 'ended'].map(inspect));
    return {
      // Programs that were run in it are the page's.
      containers: containers.map(({ ExecIDs: _, ...container }) => container),
      networks: (await readEngine<{ readonly Name: string }[]>(page, '/networks')).sort(byName),
      volumes: (await readEngine<{ readonly Volumes: readonly ContainerVolume[] }>(page, '/volumes')).Volumes,
      endedLog: await logOf(page, 'ended'),
    };
  };
  /** How far it is, and by which process. It may be writing that just now. */
  const counter = async () => {
    for (;;) {
      const [, mark, number] = /^(\S+) (\d+)\n$/.exec(await execIn(page, 'counter', 'cat /count')) ?? [];
      if (mark !== undefined) return { mark, number: Number(number) };
    }
  };
  const counterLog = async () => {
    const { stdout } = await logOf(page, 'counter');
    // Without their times.
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(line.indexOf(' ') + 1));
  };
  const goesOn = async (): Promise<void> => {
    const { mark, number } = await counter();
    await expect.poll(async () => (await counter()).number).toBeGreaterThan(number);
    expect((await counter()).mark).toBe(mark);
  };
  const addressesOf = async (name: string) =>
    Object.values((await inspect(name)).NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);

  it('are saved while one runs and another has ended', async () => {
    await askEngine(page, 'POST', '/images/create?fromImage=busybox&tag=latest');
    await askEngine(page, 'POST', '/networks/create', { Name: 'back' });
    await run('counter', {
      Cmd: ['sh', '-c', count],
      HostConfig: { Binds: ['data:/data'], NetworkMode: 'back', RestartPolicy: { Name: 'always' } },
    });
    await run('ended', { Cmd: ['sh', '-c', 'echo said; echo cried >&2; exit 7'] });
    await askEngine(page, 'POST', '/containers/ended/wait');
    await expect.poll(counterLog).toContain('2');
    saved = await told();
    expect(saved.containers).toMatchObject([
      { Name: '/counter', State: { Status: 'running' }, HostConfig: { RestartPolicy: { Name: 'always' } } },
      { Name: '/ended', State: { Status: 'exited', ExitCode: 7 } },
    ]);
    expect(saved.endedLog).toEqual({
      stdout: expect.stringMatching(/^\S+ said\n$/),
      stderr: expect.stringMatching(/^\S+ cried\n$/),
    });
    expect(saved.volumes).toMatchObject([{ Name: 'data' }]);
    counted = await counter();
    await saveLab(page, 'Containers', archive);
    // It goes on here.
    expect((await counter()).mark).toBe(counted.mark);
    await goesOn();
    await there.close();
  });

  it('are in another browser what they were, and the one that ran goes on', async () => {
    page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    await openPage(page, `${server.url}#/lab`);
    const dialog = await bringLab(page, 'Containers', archive);
    await dialog.getByText(/Machines: 1, containers: 2, volumes: 1, images: [1-9]/).waitFor();
    await openBroughtLab(page, dialog);
    const { mark, number } = await counter();
    expect(mark).toBe(counted.mark);
    expect(number).toBeGreaterThanOrEqual(counted.number);
    expect(await told()).toEqual(saved);
    await goesOn();
    expect(await execIn(page, 'counter', 'cat /data/note')).toBe('kept\n');
    expect((await recordsOf(page)).map(({ name, state }) => `${name} ${state.phase}`)).toEqual(['host-1 running']);
  });

  it('have all that they had written, and what came since', async () => {
    const [first, ...numbers] = await counterLog();
    expect(first).toBe('begun');
    // What was written between the saving of memory and that of the log is there twice.
    const each = [...new Set(numbers.map(Number))];
    expect(each).toEqual(each.map((_, at) => at + 1));
    expect(each.length).toBeGreaterThan(counted.number);
  });

  it('have a new one beside them, with addresses of its own and the same volume', async () => {
    const taken = [
      ...(await addressesOf('counter')),
      ...(await recordsOf(page)).flatMap(({ nics }) => nics.map(({ address }) => address)),
    ];
    await run('beside', {
      Cmd: ['sleep', '600'],
      HostConfig: { Binds: ['data:/data'], NetworkMode: 'back' },
      NetworkingConfig: { EndpointsConfig: { back: {}, bridge: {} } },
    });
    const own = await addressesOf('beside');
    expect(own).toHaveLength(2);
    expect(new Set([...taken, ...own]).size).toBe(taken.length + own.length);
    expect(await execIn(page, 'beside', 'cat /data/note')).toBe('kept\n');
    // By its name, on the network that came along.
    expect(await execIn(page, 'beside', 'ping -c 1 -W 20 counter')).toContain('1 packets received');
  });

  it('begin again by their policy, and when they are asked to', async () => {
    const { mark } = await counter();
    await shellIn(page, 'host-1', `kill -9 ${(await inspect('counter')).State.Pid}`);
    await expect.poll(async () => (await inspect('counter')).RestartCount).toBe(1);
    await expect.poll(async () => (await counterLog()).filter((line) => line === 'begun')).toHaveLength(2);
    await expect.poll(() => counter().catch(() => ({ mark }))).not.toMatchObject({ mark });
    await askEngine(page, 'POST', '/containers/ended/start');
    const ended = await readEngine<{ readonly StatusCode: number }>(page, '/containers/ended/wait', 'POST');
    expect(ended).toMatchObject({ StatusCode: 7 });
    const { stdout } = await logOf(page, 'ended');
    expect(stdout.match(/said/g)).toHaveLength(2);
  });
});
