import type { Page } from 'playwright-core';
import type { InstanceDraft } from '../src/engine/instance-record';
import { type StrataPage, smallVm } from '../test/support/page-fleet';

/**
 * Starts a machine and types a command at its console; milliseconds from the request to the command's answer
 * as the page receives it.
 */
export function startToAnswer(page: Page, draft: InstanceDraft = smallVm): Promise<{ id: string; ms: number }> {
  return page.evaluate(async (spec) => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const begun = performance.now();
    const { id } = await lab.create(spec);
    await lab.start(id).finished;
    const instance = lab.instance(id);
    await new Promise<void>((resolve) => {
      let text = '';
      const console = instance.attachConsole(({ bytes }) => {
        text += new TextDecoder().decode(bytes);
        if (text.includes('ANSWER-42')) resolve();
      });
      console.write(new TextEncoder().encode('echo ANSWER-$((6 * 7))\r'));
    });
    return { id, ms: performance.now() - begun };
  }, draft);
}

/** Resets a machine and waits for its shell's answer; milliseconds. */
export function bootToAnswer(page: Page, id: string): Promise<number> {
  return page.evaluate(async (which) => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    const begun = performance.now();
    await lab.reset(which).finished;
    const instance = lab.instance(which);
    await new Promise<void>((resolve) => {
      const answer = `BOOT-${begun}`;
      let text = '';
      const console = instance.attachConsole(({ bytes }) => {
        text += new TextDecoder().decode(bytes);
        // The echo of the line has quotes in it; only the answer matches.
        if (text.includes(answer)) resolve();
      });
      console.write(new TextEncoder().encode(`echo "BOOT""-${begun}"\r`));
    });
    return performance.now() - begun;
  }, id);
}

/** Kills a machine. */
export async function removeInstance(page: Page, id: string): Promise<void> {
  await page.evaluate(async (which) => {
    const { lab } = (globalThis as unknown as StrataPage).strata;
    await lab.kill(which).finished.catch(() => {});
  }, id);
}
