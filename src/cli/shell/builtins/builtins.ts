import type { ShellProgram } from '../shell';
import { fileBuiltins } from './file-builtins';
import { shellBuiltins } from './shell-builtins';
import { textBuiltins } from './text-builtins';

/** What a shell has by itself. */
export const builtins: readonly ShellProgram[] = [...fileBuiltins, ...textBuiltins, ...shellBuiltins];
