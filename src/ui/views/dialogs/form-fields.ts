import { css, html, nothing } from 'lit';
import { isHostLabel } from '../../../formats/host-label';
import type { Store } from '../../store';
import { formText } from '../../text/forms';
import { typedIn } from './dialog-element';

export const formFieldStyles = css`
  .entry {
    align-content: start;
    display: grid;
    min-width: 0;
  }
  .entry > .problem:not(:empty),
  .entry > .hint {
    margin-top: 4px;
  }
`;

/** Characters of a host name, at most (RFC 1123, 2.1). */
const longestName = 63;

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

interface FieldOptions {
  readonly label: string;
  /** What is in it, as it was typed. */
  readonly value: string;
  readonly set: (typed: string) => void;
  /** Whether the focus begins here. */
  readonly first?: boolean;
}

export interface WordFieldOptions extends FieldOptions {
  readonly problem?: string | undefined;
  readonly hint?: string;
  readonly placeholder?: string;
}

/** A field for a word, with what is wrong with it beside it. */
export function wordField({ label, value, set, first = false, problem, hint, placeholder = '' }: WordFieldOptions) {
  return html`<div class="entry">
    <label class="field">
      <span>${label}</span>
      <input
        ?data-first=${first}
        autocapitalize="off"
        autocomplete="off"
        spellcheck="false"
        placeholder=${placeholder}
        aria-invalid=${problem !== undefined}
        aria-describedby=${problemId(label)}
        .value=${value}
        @input=${(event: Event) => set(typedIn(event))}
      />
    </label>
    ${hint === undefined ? nothing : html`<span class="hint">${hint}</span>`}
    ${problemBeside(label, problem)}
  </div>`;
}

export interface CountFieldOptions extends FieldOptions {
  readonly bounds: Bounds;
  readonly step?: number;
}

/** A field for a whole number. What is out of bounds stays as it was typed, and the bounds are said. */
export function countField({ label, value, set, bounds, step = 1, first = false }: CountFieldOptions) {
  const problem = countProblem(value, bounds);
  return html`<div class="entry">
    <label class="field">
      <span>${label}</span>
      <input
        ?data-first=${first}
        type="number"
        min=${bounds.least}
        max=${bounds.most}
        step=${step}
        aria-invalid=${problem !== undefined}
        aria-describedby=${problemId(label)}
        .value=${value}
        @input=${(event: Event) => set(typedIn(event))}
      />
    </label>
    ${problemBeside(label, problem)}
  </div>`;
}

/** Read out as it comes, and with its field. */
export function problemBeside(label: string, problem: string | undefined) {
  return html`<span class="problem" id=${problemId(label)} role="alert">${problem ?? ''}</span>`;
}

export function problemId(label: string): string {
  return `problem-${label.replace(/\s+/g, '-')}`;
}

export function countProblem(typed: string, { least, most }: Bounds): string | undefined {
  const value = typed.trim() === '' ? Number.NaN : Number(typed);
  return Number.isInteger(value) && value >= least && value <= most ? undefined : formText.between(least, most);
}

/** What is in a number's field; the least where that is none. */
export function countIn(typed: string, bounds: Bounds): number {
  return countProblem(typed, bounds) === undefined ? Number(typed) : bounds.least;
}

/** What is wrong with the name of a machine that is to be; several get numbers behind it. An empty one is left to the lab. */
export function nameProblem(store: Store, typed: string, count = 1): string | undefined {
  const name = typed.trim();
  if (name === '') return undefined;
  const names = count > 1 ? Array.from({ length: count }, (_, at) => `${name}-${at + 1}`) : [name];
  const longest = longestName - ((names.at(-1)?.length ?? 0) - name.length);
  if (name.length > longest) return formText.nameLength(longest);
  if (!names.every(isHostLabel)) return formText.nameRule;
  const taken = names.find((each) => store.instances.value.some((record) => record.name === each));
  return taken === undefined ? undefined : formText.nameTaken(taken);
}
