import { describe, expect, it } from 'vitest';
import { formatDate, formatDuration, formatMemory, formatShare, formatUptime } from './format';

describe('figures for people', () => {
  it.each([
    [0, '0.0 %'],
    [0.0312, '3.1 %'],
    [0.0996, '10 %'],
    [1, '100 %'],
  ])('a share of %d is %s', (share, shown) => expect(formatShare(share)).toBe(shown));

  it.each([
    [183, '0.18 s'],
    [9_999, '10.00 s'],
    [42_000, '42 s'],
    [187_000, '3:07'],
    [3_753_000, '1:02:33'],
    [-5, '0.00 s'],
  ])('a duration of %d ms is %s', (ms, shown) => expect(formatDuration(ms)).toBe(shown));

  it.each([
    [0, '0:00'],
    [59_999, '0:59'],
    [3_600_000, '1:00:00'],
  ])('an uptime of %d ms is %s', (ms, shown) => expect(formatUptime(ms)).toBe(shown));

  it('a day has its year', () => {
    expect(formatDate(Date.UTC(1970, 5, 15, 12))).toContain('1970');
    expect(formatDate(Date.UTC(2026, 5, 15, 12))).toMatch(/15.*2026/);
  });

  it('memory is told in MiB, labelled as everyone labels RAM', () =>
    expect(formatMemory(64 * 1024 * 1024)).toBe('64 MB'));
});
