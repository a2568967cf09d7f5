import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { userEvent } from 'vitest/browser';
import { createDeferred, type Deferred } from '../../../base/deferred';
import type { ScenarioShelf } from '../../scenarios/scenario-shelf';
import type { Store } from '../../store';
import '../../styles/tokens.css';
import { scenarioText as words } from '../../text/scenarios';
import { NewLabDialog } from './new-lab-dialog';

describe('the question before a new lab', () => {
  let dialog: NewLabDialog;
  let saving: Deferred<boolean>;
  let emptied: unknown[];

  beforeEach(async () => {
    [saving, emptied] = [createDeferred<boolean>(), []];
    const shelf = {
      saveFolder: () => saving.promise,
      empty: async (options: unknown) => emptied.push(options) > 0,
    } as unknown as ScenarioShelf;
    dialog = new NewLabDialog();
    dialog.store = { parts: { scenarios: { get: async () => shelf } } } as unknown as Store;
    dialog.dialog = { kind: 'new-lab', folders: [{ name: 'shared', quotaBytes: 1, usedBytes: 1, files: 1 }] };
    document.body.replaceChildren(dialog);
    await dialog.updateComplete;
  });
  afterEach(() => document.body.replaceChildren());

  const button = (label: string): HTMLButtonElement =>
    [...dialog.renderRoot.querySelectorAll('button')].find(({ textContent }) => textContent?.trim() === label)!;
  const checkbox = (): HTMLInputElement => dialog.renderRoot.querySelector('[type=checkbox]')!;

  it('cannot be answered while a folder is being saved as a file', async () => {
    checkbox().click();
    expect(button(words.empty).disabled).toBe(false);
    button(words.saveFolder('shared')).click();
    await expect.poll(() => button(words.empty).disabled).toBe(true);
    saving.resolve(true);
    await expect.poll(() => button(words.empty).disabled).toBe(false);
    expect(emptied).toEqual([]);
    button(words.empty).click();
    await expect.poll(() => emptied).toEqual([{ withFolders: true }]);
  });

  it('is not answered by Enter in the checkbox', async () => {
    checkbox().focus();
    await userEvent.keyboard(' {Enter}');
    expect([checkbox().checked, dialog.renderRoot.querySelector('dialog')?.open]).toEqual([true, true]);
    button(words.empty).focus();
    await userEvent.keyboard('{Enter}');
    await expect.poll(() => emptied).toEqual([{ withFolders: true }]);
  });
});
