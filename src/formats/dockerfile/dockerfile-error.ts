import { SandboxError } from '../../base/errors';
import type { SourcePosition } from './instruction';

/** What is wrong with an instruction, before it is known where that stands. */
export class InstructionProblem extends Error {
  override readonly name = 'InstructionProblem';
  /** What of the source is meant, to find the column by. */
  readonly word: string | undefined;

  constructor(message: string, word?: string) {
    super(message);
    this.word = word;
  }
}

/** `InvalidArgument` in BuildKit's words, with `line` and `column` in its details. */
export function dockerfileError(message: string, { line, column }: SourcePosition): SandboxError {
  return new SandboxError('InvalidArgument', `dockerfile parse error on line ${line}: ${message}`, {
    details: { line, column },
  });
}

/** Go's `%q`, as far as messages need it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
