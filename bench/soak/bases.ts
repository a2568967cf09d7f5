import { runAllOf } from './all-of-tests';

/** Every base image does what it is for, frr's routers too. */
export function useBaseImages(): Promise<void> {
  return runAllOf({
    project: 'integration',
    files: 'base-images',
    setting: 'BASES',
    limitMs: 1_800_000,
    failure: 'A base image did not do what it is for',
  });
}
