import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { onAbort } from './on-abort';

it('tells all that hang on a signal, in their order, by one listener', () => {
  const end = new AbortController();
  const heard: number[] = [];
  const listeners = Array.from({ length: 20 }, (_, at) => onAbort(end.signal, () => heard.push(at)));
  expect(getEventListeners(end.signal, 'abort')).toHaveLength(1);
  listeners[3]?.dispose();
  end.abort();
  expect(heard).toEqual(Array.from({ length: 20 }, (_, at) => at).filter((at) => at !== 3));
});

it('does not tell one that an earlier one has taken away', () => {
  const end = new AbortController();
  const heard: string[] = [];
  onAbort(end.signal, () => {
    heard.push('first');
    second.dispose();
  });
  const second = onAbort(end.signal, () => heard.push('second'));
  end.abort();
  expect(heard).toEqual(['first']);
});

it('leaves nothing on the signal when nothing hangs on it any more', () => {
  const end = new AbortController();
  const listeners = [onAbort(end.signal, () => {}), onAbort(end.signal, () => {})];
  for (const listener of listeners) listener.dispose();
  expect(getEventListeners(end.signal, 'abort')).toHaveLength(0);
});
