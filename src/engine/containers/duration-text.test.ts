import { expect, it } from 'vitest';
import { durationText } from './duration-text';

const second = 1000;
const hour = 3600 * second;

it.each([
  [0, 'Less than a second'],
  [second, '1 second'],
  [59 * second, '59 seconds'],
  [60 * second, 'About a minute'],
  [120 * second, '2 minutes'],
  [59 * 60 * second, '59 minutes'],
  [hour, 'About an hour'],
  [2 * hour, '2 hours'],
  [49 * hour, '2 days'],
  [15 * 24 * hour, '2 weeks'],
  [61 * 24 * hour, '2 months'],
  [800 * 24 * hour, '2 years'],
])('%i ms are "%s"', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
