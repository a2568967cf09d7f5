import { describe, expect, it } from 'vitest';
import { allowedCalls } from './container-form';

describe('the calls that the filter lets through', () => {
  it('are counted by name, once each, and are more with more capabilities', () => {
    const few = allowedCalls([]);
    expect(few).toBeGreaterThan(300);
    // chroot, and nothing else.
    expect(allowedCalls(['CAP_SYS_CHROOT'])).toBe(few + 1);
  });
});
