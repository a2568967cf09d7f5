import { expect, it } from 'vitest';
import { seenHeight } from './seen-height';

it.each([
  ['nothing covers the page', { height: 844, scale: 1 }, 844, undefined],
  ['a keyboard covers half of it', { height: 420, scale: 1 }, 844, 420],
  ['the browser has made it smaller by itself', { height: 420, scale: 1 }, 420, undefined],
  ['the bar of the browser is there', { height: 788, scale: 1 }, 844, undefined],
  ['two fingers have enlarged it', { height: 422, scale: 2 }, 844, undefined],
])('when %s', (_, viewport, inner, height) => {
  expect(seenHeight(viewport, inner)).toBe(height);
});
