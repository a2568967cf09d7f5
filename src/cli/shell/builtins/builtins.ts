import type { ShellProgram } from '../shell';
import { endBuiltins } from './end-builtins';
import { fileBuiltins } from './file-builtins';
import { grep } from './grep';
import { printf } from './printf';
import { shellBuiltins } from './shell-builtins';
import { sleep } from './sleep';
import { sortBuiltins } from './sort-builtins';
import { textBuiltins } from './text-builtins';
import { xargs } from './xargs';

/** What a shell has by itself. */
export const builtins: readonly ShellProgram[] = [
  ...fileBuiltins,
  ...textBuiltins,
  ...endBuiltins,
  grep,
  ...sortBuiltins,
  xargs,
  printf,
  sleep,
  ...shellBuiltins,
];
