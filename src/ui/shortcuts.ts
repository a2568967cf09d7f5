import { type StratumNumber, strata } from './strata';

/** What a key means to the page, where neither a terminal nor a field has it. */
export type PageKey = 'palette' | 'undo' | 'terminals' | 'help' | 'new-vm' | 'tasks' | 'overview' | StratumNumber;

const single: Readonly<Record<string, PageKey>> = {
  '?': 'help',
  n: 'new-vm',
  t: 'tasks',
  '0': 'overview',
};

/** The meaning of a key press, or undefined. Single keys can be turned off (WCAG 2.1.4). */
export function pageKey(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
  singleKeys: boolean,
): PageKey | undefined {
  const { key, ctrlKey, metaKey, altKey } = event;
  if (altKey) return undefined;
  if (ctrlKey || metaKey) {
    if (key === 'z') return 'undo';
    if (key.toLowerCase() === 'k') return 'palette';
    return key === '`' ? 'terminals' : undefined;
  }
  if (!singleKeys) return undefined;
  return Object.hasOwn(single, key) ? single[key] : strata.find(({ number }) => `${number}` === key)?.number;
}
