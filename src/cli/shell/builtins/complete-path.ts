import type { CompletePaths } from '../shell';

/** Completes every argument as a path. */
export function completePath(words: readonly string[], paths: CompletePaths): Promise<readonly string[]> {
  return paths(words.at(-1) ?? '', '');
}
