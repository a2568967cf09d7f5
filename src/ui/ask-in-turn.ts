import type { ReadonlySignal } from '@preact/signals-core';
import type { Dialog } from './dialog';
import type { Store } from './store';

/** A dialog that is answered with one of a few answers. */
export type Question<Answer> = (answer: (given: Answer) => void) => Dialog;

/**
 * Asks when no other dialog is open, and once more when another one took its place. Resolves with the answer; undefined: it
 * was closed without one, or there was no need to ask any more when its turn came.
 */
export async function askInTurn<Answer>(
  page: Pick<Store, 'dialog' | 'ask'>,
  question: Question<Answer>,
  signal?: AbortSignal,
): Promise<Answer | undefined> {
  const answers: Answer[] = [];
  const dialog = question((given) => answers.push(given));
  for (;;) {
    while (page.dialog.value) await nextValue(page.dialog);
    if (signal?.aborted) return undefined;
    page.ask(dialog);
    const next = await nextValue(page.dialog);
    if (!next || answers.length > 0) return answers[0];
  }
}

function nextValue<T>(of: ReadonlySignal<T>): Promise<T> {
  const before = of.peek();
  return new Promise((resolve) => {
    const end = of.subscribe((value) => {
      if (value === before) return;
      end();
      resolve(value);
    });
  });
}
