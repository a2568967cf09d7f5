import { InstructionProblem } from './dockerfile-error';

/** What parser directives (`# escape=…`) have said. They stand above everything else, and each but once. */
export class Directives {
  #escapeToken = '\\';
  #syntax: string | undefined;
  readonly #seen = new Set<string>();
  #open = true;

  /** Of characters, and at the end of a line of the line's end. */
  get escapeToken(): string {
    return this.#escapeToken;
  }

  get syntax(): string | undefined {
    return this.#syntax;
  }

  /** Reads a line for a directive; from the first line that is none on, all are none. */
  read(line: string): boolean {
    if (!this.#open) return false;
    const match = /^#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(\S.*)$/.exec(line.trimEnd());
    const name = match?.[1]?.toLowerCase();
    if (name !== 'syntax' && name !== 'escape' && name !== 'check') {
      this.#open = false;
      return false;
    }
    if (this.#seen.has(name)) throw new InstructionProblem(`only one ${name} parser directive can be used`);
    this.#seen.add(name);
    const value = match?.[2] ?? '';
    if (name === 'syntax') this.#syntax = value;
    if (name === 'escape') {
      if (value !== '\\' && value !== '`') {
        throw new InstructionProblem(`invalid escape token '${value}' does not match \` or \\`, value);
      }
      this.#escapeToken = value;
    }
    return true;
  }

  /** The line without its mark that it goes on, and whether it had one: not where that is escaped itself. */
  trimContinuation(line: string): { readonly text: string; readonly continues: boolean } {
    let end = line.length;
    while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end -= 1;
    if (line[end - 1] !== this.#escapeToken || line[end - 2] === this.#escapeToken)
      return { text: line, continues: false };
    return { text: line.slice(0, end - 1), continues: true };
  }
}
