import { signal } from '@preact/signals-core';
import { describe, expect, it } from 'vitest';
import { settle } from '../base/fake-clock';
import { askInTurn, type Question } from './ask-in-turn';
import type { Dialog } from './dialog';

function makePage() {
  const dialog = signal<Dialog | undefined>(undefined);
  const ask = (next: Dialog | undefined): void => {
    dialog.value = next;
  };
  return { dialog, ask };
}

/** A question that is answered with yes. */
const sure =
  (title: string): Question<string> =>
  (answer) => ({ kind: 'confirm', title, body: '', action: 'Yes', run: () => answer(`${title}: yes`) });

function answer({ dialog, ask }: ReturnType<typeof makePage>): void {
  if (dialog.value?.kind === 'confirm') dialog.value.run();
  ask(undefined);
}

describe('questions that are asked in turn', () => {
  it('wait until no other dialog is open, and for each other', async () => {
    const page = makePage();
    page.ask({ kind: 'settings' });
    const answers = Promise.all([askInTurn(page, sure('one')), askInTurn(page, sure('two'))]);
    await settle();
    expect(page.dialog.value).toEqual({ kind: 'settings' });
    for (const title of ['one', 'two']) {
      answer(page);
      await settle();
      expect(page.dialog.value).toMatchObject({ title });
    }
    page.ask(undefined);
    expect(await answers).toEqual(['one: yes', undefined]);
  });

  it('are not asked when there is no need any more by then', async () => {
    const page = makePage();
    page.ask({ kind: 'settings' });
    const need = new AbortController();
    const one = askInTurn(page, sure('one'), need.signal);
    need.abort();
    page.ask(undefined);
    expect(await one).toBeUndefined();
    expect(page.dialog.value).toBeUndefined();
  });

  it('are asked again when another dialog took their place, unless they were answered', async () => {
    const page = makePage();
    const first = askInTurn(page, sure('one'));
    page.ask({ kind: 'help' });
    await settle();
    page.ask(undefined);
    await settle();
    expect(page.dialog.value).toMatchObject({ title: 'one' });
    if (page.dialog.value?.kind === 'confirm') page.dialog.value.run();
    page.ask({ kind: 'help' });
    expect(await first).toBe('one: yes');
    expect(page.dialog.value).toEqual({ kind: 'help' });
  });
});
