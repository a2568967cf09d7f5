import type { LessonCommand, LessonStep, TerminalAddress } from '../formats/lesson/lesson';
import { addressOf } from '../formats/lesson/terminal-address';
import { walkMarkdown } from '../formats/markdown/read-markdown';
import { type TypedTerminal, type TypeLinesOptions, typeLines } from './typed-terminal';

/** What solves a step: its solution, or else the code that it has for terminals, in its order. */
export function solutionOf({ solution, text }: LessonStep): readonly LessonCommand[] {
  if (solution.length > 0) return solution;
  return [...walkMarkdown(text)].flatMap(({ node }) => {
    const at = node.type === 'code' ? addressOf(node) : undefined;
    return node.type === 'code' && at !== undefined && at !== 'wrong' ? [{ at, lines: node.value }] : [];
  });
}

/** Types all of it, waiting for each prompt. Errors: as of `typeLines`, and of opening a terminal. */
export async function solveStep(
  step: LessonStep,
  open: (at: TerminalAddress) => Promise<TypedTerminal>,
  options: TypeLinesOptions,
): Promise<void> {
  for (const { at, lines } of solutionOf(step)) await typeLines(await open(at), lines, options);
}
