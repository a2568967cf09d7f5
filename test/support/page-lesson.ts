import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { focusedText } from './focused-text';
import { loadLesson } from './lesson-lab';

/** A line of a solution may boot a machine and pull an image. */
const patience = { timeout: 240_000 };

/** Goes through a lesson from start to end by its solution, and resets it. `look` is called at each step that is done. */
export async function solveInPage(page: Page, id: string, look: () => Promise<void> = async () => {}): Promise<void> {
  const lesson = loadLesson(id);
  const view = page.locator('strata-lessons-view');
  const button = (name: string) => view.getByRole('button', { name });
  const goTo = (hash: string) => page.evaluate(`location.hash = '${hash}'`);
  await goTo(`#/lessons/${id}/0`);
  await view.getByRole('heading', { name: lesson.title }).waitFor();
  await look();
  if (lesson.lab?.instances.length) {
    await button('Start the lab').click();
    await view.getByText('The lab runs.').waitFor(patience);
    // The button that had the focus has gone.
    expect(await focusedText(page)).toBe('The lab of this lesson');
  }
  for (const [at, step] of lesson.steps.entries()) {
    await view.getByRole('link', { name: 'Next', exact: true }).click();
    await view.getByRole('heading', { name: `${at + 1}. ${step.title}` }).waitFor();
    const solve = button('Do it for me');
    if ((await solve.count()) > 0) await solve.click();
    for (const check of step.checks) {
      await view.getByRole('listitem').filter({ hasText: check.name }).filter({ hasText: 'Done' }).waitFor(patience);
    }
    if ((await solve.count()) > 0) await expect.poll(() => solve.isEnabled(), patience).toBe(true);
    await look();
  }
  await goTo(`#/lessons/${id}/0`);
  await button('Reset the lesson').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  if (lesson.lab?.instances.length) await button('Start the lab').waitFor(patience);
}
