import { computed, effect, type ReadonlySignal, signal } from '@preact/signals-core';
import { type Disposable, toDisposable } from '../base/lifecycle';
import type { Settings } from './settings';

/** Light or dark, as it is now: what the person chose, else what the system asks for. */
export function watchScheme(
  settings: Settings,
  query: MediaQueryList,
): { scheme: ReadonlySignal<'light' | 'dark'> } & Disposable {
  const systemDark = signal(query.matches);
  const listener = (): void => {
    systemDark.value = query.matches;
  };
  query.addEventListener('change', listener);
  const scheme = computed(() => {
    const { theme } = settings.values.value;
    if (theme !== 'system') return theme;
    return systemDark.value ? 'dark' : 'light';
  });
  return { scheme, ...toDisposable(() => query.removeEventListener('change', listener)) };
}

/** Puts what was chosen of the look on the document, where the stylesheet looks for it. */
export function applyLook(settings: Settings, root: HTMLElement): Disposable {
  return toDisposable(
    effect(() => {
      const { theme, contrast, motion, stage } = settings.values.value;
      const choices = { theme, contrast, motion, stage: stage ? 'on' : 'system' };
      for (const [name, choice] of Object.entries(choices)) {
        if (choice === 'system') delete root.dataset[name];
        else root.dataset[name] = choice;
      }
    }),
  );
}
