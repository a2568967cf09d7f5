import { expect, test } from 'vitest';
import { parseDockerTime } from './docker-time';

const now = Date.UTC(2024, 5, 1, 12);

test.each([
  ['1717243200', Date.UTC(2024, 5, 1, 12)],
  ['1717243200.250', Date.UTC(2024, 5, 1, 12) + 250],
  ['10m', now - 600_000],
  ['1h30m', now - 5_400_000],
  ['1.5s', now - 1500],
  ['2024-06-01', Date.UTC(2024, 5, 1)],
  ['2024-06-01T10', Date.UTC(2024, 5, 1, 10)],
  ['2024-06-01T10:20:30', Date.UTC(2024, 5, 1, 10, 20, 30)],
  ['2024-06-01T10:20:30.5Z', Date.UTC(2024, 5, 1, 10, 20, 30, 500)],
  ['2024-06-01T10:20:30+02:00', Date.UTC(2024, 5, 1, 8, 20, 30)],
])('%s is a time', (text, ms) => {
  expect(parseDockerTime(text, now)).toBe(ms);
});

test.each(['', 'yesterday', '2024-13-01', '10m later'])('%j is none', (text) => {
  expect(() => parseDockerTime(text, now)).toThrow('parsing time');
});
