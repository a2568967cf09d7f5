import { createSeededRandom, type SeededRandom } from './seeded-random';

/**
 * Randomness for a test or a soak: another seed each time, printed, so that a failure can be had again with
 * `STRATA_SEED=… npx vitest run …`.
 */
export function printedRandom(what: string): SeededRandom {
  const given = process.env.STRATA_SEED;
  const seed = given === undefined ? (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) : Number(given);
  console.log(`${what}: STRATA_SEED=${seed}`);
  return createSeededRandom(seed);
}
