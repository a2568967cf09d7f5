import { describe, expect, it } from 'vitest';
import { quotaExceeded } from './quota';

describe('the error of a full storage', () => {
  it.each([
    ['what the browser says is left', 300_000, 'No room to store 8.0 MB: 300 kB are available', 300_000],
    ['an upper bound when the browser says nothing', undefined, 'less than that is available', 7_999_999],
    [
      'an upper bound when the browser contradicts its own refusal',
      10_737_418_240,
      'less than that is available',
      7_999_999,
    ],
  ])('gives %s', (_, estimated, text, available) => {
    const error = quotaExceeded(8_000_000, estimated);
    expect(error).toMatchObject({ code: 'ResourceExhausted', details: { needed: 8_000_000, available } });
    expect(error.message).toContain(text);
  });
});
