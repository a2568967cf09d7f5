import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { putDisks } from '../../images/artifacts';
import { buildDisks } from '../../images/disks/build';
import { OciLayout, readReferences } from '../../images/lib/oci-layout';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { createDeferred } from '../../src/base/deferred';
import type { SeededRandom } from '../../src/base/seeded-random';
import { checkCommand, judgeFileSystem, mountVolume, writerCommand } from './crash-writer';
import { startOwnBrowser } from './own-browser';
import { openPage, runInGuest, type StrataPage } from './page-fleet';
import type { CrashReport } from './volume-crashes';

export type PageVictim = 'tab' | 'browser' | 'store';

const sizeMiB = 64;
const writer = { kind: 'vm', name: 'writer', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
const mostLines = 10;

/** The guest writes in the built page in a real browser; its tab, its store or the whole browser is killed. */
export async function crashPages(victims: readonly PageVictim[], random: SeededRandom): Promise<CrashReport> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-crash-'));
  const registry = await registryWithDisks(join(directory, 'registry'));
  const server = await startServer({ site: siteDir, registry, host: '127.0.0.1', port: 0 });
  const profile = join(directory, 'profile');
  let browser = await startOwnBrowser(profile);
  const rounds = new Map<number, readonly string[]>();
  try {
    let page = await newPage(browser.context, server.url);
    const vm = await createVm(page);
    for (const [round, victim] of victims.entries()) {
      await startVm(page, vm);
      await runInGuest(page, vm, mountVolume);
      const lines = await writeInPage(page, vm, round, 1 + random.below(mostLines));
      await new Promise((resolve) => setTimeout(resolve, random.below(60)));
      if (victim === 'store') await endStore(page);
      if (victim === 'browser') {
        await browser.kill();
        browser = await startOwnBrowser(profile);
      } else await page.close({ runBeforeUnload: false });
      // What came until the very end counts: the guest had been told, and so had we.
      rounds.set(round, [...lines]);
      page = await newPage(browser.context, server.url);
      await judgeFileSystem(await exportVolume(page));
      await startVm(page, vm);
      await runInGuest(page, vm, `${mountVolume} && dmesg | grep -q "EXT4-fs (vda): recovery complete"`);
      await runInGuest(page, vm, checkCommand(rounds));
      await runInGuest(page, vm, 'cd /; umount /tmp/volume; ! dmesg | grep -iE "I/O error|EXT4-fs error"');
      await endVm(page, vm);
    }
    await page.close();
  } finally {
    await browser.kill();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
  const acknowledged = [...rounds.values()].reduce((sum, lines) => sum + lines.length, 0);
  return { kills: victims.length, acknowledged };
}

/** What is published, with empty file systems of one size in the place of those that may be there. */
async function registryWithDisks(path: string): Promise<string> {
  await cp(registryDir, path, { recursive: true });
  const layout = new OciLayout(path);
  for (const [reference, descriptor] of readReferences(path)) layout.keepArtifact(reference, descriptor);
  putDisks(layout, await buildDisks([sizeMiB]));
  layout.finish();
  return path;
}

async function newPage(context: Awaited<ReturnType<typeof startOwnBrowser>>['context'], url: string): Promise<Page> {
  const page = await context.newPage();
  await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
  await openPage(page, url);
  // It has the lab once it lists what is there; a tab that died has let go of it.
  await page.evaluate(async () => {
    await (globalThis as unknown as StrataPage).strata.lab.volumes();
  });
  return page;
}

function createVm(page: Page): Promise<string> {
  return page.evaluate(
    async ([draft, size]) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const volumes = await lab.volumes();
      await volumes.create({ name: 'data', sizeMiB: size, format: 'ext4' });
      return (await lab.create({ ...draft, disks: [{ volume: 'data' }] })).id;
    },
    [writer, sizeMiB] as const,
  );
}

/** Whatever state it came back in: what was saved for a reload would have older memory than the disk. */
function startVm(page: Page, id: string): Promise<void> {
  return page.evaluate(async (which) => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const busy = (): boolean => lab.list().some(({ id: each, task }) => each === which && task !== undefined);
    if (busy()) {
      await new Promise<void>((resolve) => {
        const listening = lab.changes(() => {
          if (busy()) return;
          listening.dispose();
          resolve();
        });
      });
    }
    const live = ['running', 'paused'].includes(lab.instance(which).state.phase);
    await (live ? lab.reset(which) : lab.start(which)).finished;
  }, id);
}

function endVm(page: Page, id: string): Promise<void> {
  return page.evaluate(async (which) => {
    await (globalThis as unknown as StrataPage).strata.lab.kill(which).finished;
  }, id);
}

/** Resolves when so many files were acknowledged; those that come later are added to the result. */
async function writeInPage(page: Page, id: string, round: number, count: number): Promise<readonly string[]> {
  const lines: string[] = [];
  const enough = createDeferred<void>();
  await page.exposeFunction(`acknowledged${round}`, (line: string) => {
    lines.push(line);
    if (lines.length === count) enough.resolve();
  });
  await page.evaluate(
    async ([which, command, name]) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const process = await lab.instance(which).exec({ argv: ['/bin/sh', '-c', command] });
      const told = (globalThis as unknown as Record<string, (line: string) => void>)[name];
      let text = '';
      void process.stdout.pipeThrough(new TextDecoderStream() as never).pipeTo(
        new WritableStream<string>({
          write(chunk) {
            const parts = (text + chunk).split('\n');
            text = parts.pop() ?? '';
            for (const line of parts) told?.(line);
          },
        }),
      );
    },
    [id, writerCommand(round), `acknowledged${round}`] as const,
  );
  await enough.promise;
  return lines;
}

async function endStore(page: Page): Promise<void> {
  const worker = page.workers().find((each) => each.url().includes('/worker-store-'));
  const closed = worker?.waitForEvent('close');
  // Closing interrupts the very call that asks for it.
  await worker?.evaluate('self.close()').catch(() => {});
  await closed;
}

async function exportVolume(page: Page): Promise<Uint8Array> {
  const packed = await page.evaluate(async () => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const { stream } = await (await lab.volumes()).export('data', 'raw');
    const bytes = await new Response(stream.pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
    let text = '';
    for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
    return btoa(text);
  });
  return gunzipSync(Buffer.from(packed, 'base64'));
}
