import type { Frame, Page } from 'playwright-core';
import type { EngineApi } from '../../src/api/engine-api';
import type { InstanceDraft, InstanceRecord } from '../../src/engine/instance-record';
import type { Lab } from '../../src/engine/lab';
import { visitAndLeave } from './page-offline';

/** The page's documented object, as scripts in it see it. */
export interface StrataPage {
  readonly strata: { readonly lab: Lab; readonly engine: EngineApi };
}

/** The machine that one click makes. */
export const smallVm: InstanceDraft = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false };

/**
 * Opens the page and waits until its lab is there. With `E2E_OFFLINE=1` it was visited once before, and there is no network any
 * more.
 */
export async function openPage(page: Page, url: string): Promise<void> {
  const visit = async (address: string): Promise<void> => {
    await page.goto(address);
    await page.waitForFunction(() => 'strata' in globalThis);
  };
  if (process.env['E2E_OFFLINE'] === '1') await visitAndLeave(page, () => visit(new URL('.', url).href));
  await visit(url);
}

export function recordsOf(page: Page | Frame): Promise<readonly InstanceRecord[]> {
  return page.evaluate(() => (globalThis as unknown as StrataPage).strata.lab.list());
}

/** Makes a machine and starts it; its id. */
export function launch(page: Page | Frame, draft: InstanceDraft): Promise<string> {
  return page.evaluate(async (spec) => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const { id } = await lab.create(spec);
    await lab.start(id).finished;
    return id;
  }, draft);
}

/** Runs a shell command in a machine and returns what it printed, errors too. Throws when it fails. */
export function runInGuest(page: Page | Frame, id: string, command: string): Promise<string> {
  return page.evaluate(
    async ([which, line]) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const process = await lab.instance(which).exec({ argv: ['/bin/sh', '-c', `exec 2>&1; ${line}`] });
      await process.stdin.close();
      const [text, code] = await Promise.all([new Response(process.stdout).text(), process.exited]);
      if (code !== 0) throw new Error(`"${line}" ended with ${code}: ${text}`);
      return text;
    },
    [id, command] as const,
  );
}

/**
 * Reloads the page in the moment in which all is saved. A machine that wrote to its disks after it was saved starts anew,
 * so what its kernel holds back is written before.
 */
export async function reloadSaved(page: Page): Promise<void> {
  const reloaded = page.waitForEvent('load');
  const evaluated = page.evaluate(async () => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    for (const { id, spec, state } of lab.list()) {
      if (spec.kind !== 'vm' || !spec.disks?.length || state.phase !== 'running') continue;
      await (await lab.instance(id).exec({ argv: ['sync'] })).exited;
    }
    await lab.saveForReload();
    location.reload();
  });
  // The page may be gone before that is answered.
  await Promise.all([reloaded, evaluated.catch(() => {})]);
  await page.waitForFunction(() => 'strata' in globalThis);
}

/** The same in a machine by its name. */
export async function shellIn(page: Page | Frame, name: string, command: string): Promise<string> {
  const record = (await recordsOf(page)).find((each) => each.name === name);
  if (!record) throw new Error(`No machine is called ${name}`);
  return runInGuest(page, record.id, command);
}
