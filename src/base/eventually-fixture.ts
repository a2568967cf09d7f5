import { vi } from 'vitest';

/** A hang guard, not a figure: on a machine that does much else, what takes 50 ms alone takes seconds. */
const patienceMs = 60_000;

/** Asks again until the assertion holds; vitest's own `vi.waitFor` gives up after one second. */
export function eventually<T>(
  assertion: () => T | Promise<T>,
  options: { readonly interval?: number } = {},
): Promise<T> {
  return vi.waitFor(assertion, { ...options, timeout: patienceMs });
}
