import type { SandboxError } from '../../base/errors';
import { Directives } from './directives';
import { dockerfileError, InstructionProblem } from './dockerfile-error';
import { dockerfileLimits } from './dockerfile-limits';
import { announcedHeredocs } from './heredoc';
import type {
  ArgInstruction,
  Dockerfile,
  DockerfileWarning,
  Heredoc,
  Instruction,
  SourcePosition,
  StageDefinition,
  StageInstruction,
} from './instruction';
import { parseInstruction, takesHeredocs } from './parse-instruction';

/**
 * Reads a Dockerfile by BuildKit's rules (Dockerfile reference; `frontend/dockerfile/parser`). Not by the library
 * dockerfile-ast: that is made for editors, takes whatever it is given, and knows neither BuildKit's errors nor how
 * variables are expanded; 130 KB with what it needs. Errors: `InvalidArgument` in BuildKit's words, with `line` and
 * `column` in its details.
 */
export function parseDockerfile(text: string): Dockerfile {
  const reader = new DockerfileReader(text);
  const metaArgs: ArgInstruction[] = [];
  const stages: { readonly from: StageDefinition['from']; readonly instructions: StageInstruction[] }[] = [];
  for (const instruction of reader.instructions()) {
    const stage = stages.at(-1);
    if (instruction.is === 'from') stages.push({ from: instruction, instructions: [] });
    else if (stage) stage.instructions.push(instruction);
    else if (instruction.is === 'arg') metaArgs.push(instruction);
    else throw dockerfileError('no build stage in current context', instruction.range.start);
  }
  if (stages.length === 0) throw dockerfileError('no build stage in current context', { line: 1, column: 1 });
  const { escapeToken, syntax, warnings } = reader;
  return { escapeToken, ...(syntax !== undefined && { syntax }), metaArgs, stages, warnings };
}

/** The instruction that an image wants to be run when one is built on it. Errors as of {@link parseDockerfile}. */
export function parseTrigger(expression: string): StageInstruction {
  const [instruction, ...others] = new DockerfileReader(expression).instructions();
  if (!instruction || instruction.is === 'from' || others.length > 0) {
    throw dockerfileError('an ONBUILD trigger is one instruction, and not FROM', { line: 1, column: 1 });
  }
  return instruction;
}

class DockerfileReader {
  readonly warnings: DockerfileWarning[] = [];
  readonly #lines: readonly string[];
  readonly #directives = new Directives();
  /** Lines read so far. */
  #at = 0;

  constructor(text: string) {
    if (text.length > dockerfileLimits.text) {
      throw dockerfileError(`the Dockerfile has more than ${dockerfileLimits.text} characters`, { line: 1, column: 1 });
    }
    const lines = text.replace(/^\uFEFF/, '').split('\n');
    this.#lines = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
    const long = this.#lines.findIndex((line) => line.length > dockerfileLimits.line);
    if (long !== -1) {
      const message = `dockerfile line greater than max allowed size of ${dockerfileLimits.line}`;
      throw dockerfileError(message, { line: long + 1, column: 1 });
    }
  }

  get escapeToken(): string {
    return this.#directives.escapeToken;
  }

  get syntax(): string | undefined {
    return this.#directives.syntax;
  }

  *instructions(): Generator<Instruction> {
    let count = 0;
    while (this.#at < this.#lines.length) {
      const first = (this.#lines[this.#at] as string).replace(/\r+$/, '');
      const start = { line: this.#at + 1, column: first.length - first.trimStart().length + 1 };
      const instruction = this.#placed(start, () => this.#instruction(first.trimStart(), start));
      if (!instruction) continue;
      count += 1;
      if (count > dockerfileLimits.instructions) {
        throw dockerfileError(`there are more than ${dockerfileLimits.instructions} instructions`, start);
      }
      yield instruction;
    }
    if (count === 0) throw dockerfileError('file with no instructions', { line: Math.max(1, this.#at), column: 1 });
  }

  /** Reads what begins at this line: nothing when it is empty, a comment or a directive. */
  #instruction(first: string, start: SourcePosition): Instruction | undefined {
    this.#at += 1;
    if (this.#directives.read(first) || first.startsWith('#')) return undefined;
    const text = this.#joined(first);
    if (text.trim() === '') return undefined;
    const heredocs = takesHeredocs(text) && text.includes('<<') ? this.#heredocs(text) : [];
    return parseInstruction({ text, heredocs, range: { start, endLine: this.#at }, escapeToken: this.escapeToken });
  }

  /** With the lines that it goes on in; comments and empty lines between them are passed over. */
  #joined(first: string): string {
    let { text, continues } = this.#directives.trimContinuation(first);
    const pieces = [text];
    while (continues && this.#at < this.#lines.length) {
      const line = (this.#lines[this.#at] as string).replace(/\r+$/, '');
      this.#at += 1;
      if (line.trimStart().startsWith('#')) continue;
      if (line.trim() === '') {
        this.warnings.push({ message: 'Empty continuation line', line: this.#at });
        continue;
      }
      ({ text, continues } = this.#directives.trimContinuation(line));
      pieces.push(text);
    }
    return pieces.join('');
  }

  #heredocs(text: string): readonly Heredoc[] {
    return announcedHeredocs(text).map((announced) => {
      const body: string[] = [];
      while (this.#at < this.#lines.length) {
        const line = this.#lines[this.#at] as string;
        this.#at += 1;
        const plain = line.replace(/\r+$/, '');
        if ((announced.chomp ? plain.replace(/^\t+/, '') : plain) === announced.name) {
          return { ...announced, content: body.join('') };
        }
        body.push(`${line}\n`);
      }
      throw new InstructionProblem('unterminated heredoc', `<<`);
    });
  }

  #placed<T>(start: SourcePosition, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof InstructionProblem) throw this.#located(error, start);
      throw error;
    }
  }

  /** At the word that is meant, where the line has it on which the instruction begins. */
  #located({ message, word }: InstructionProblem, start: SourcePosition): SandboxError {
    const at = word === undefined || word === '' ? -1 : (this.#lines[start.line - 1] ?? '').indexOf(word);
    return dockerfileError(message, at === -1 ? start : { ...start, column: at + 1 });
  }
}
