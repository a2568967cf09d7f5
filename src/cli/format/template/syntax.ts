/** A part of a template. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | Block
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' };

/** What is carried out once, never, or for each. */
export interface Block {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: Pipe;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

/** Commands, each of which gets the value of the one before as its last argument. */
export interface Pipe {
  /** Variables that are set to its value: one, or index and value of a range. */
  readonly sets: readonly string[];
  /** `=` in place of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly (readonly Operand[])[];
  /** As it was written, for messages. */
  readonly source: string;
  readonly at: number;
}

export type Operand =
  /** `at`: where its last field stands in the template. */
  | { readonly kind: 'dot'; readonly fields: readonly string[]; readonly at: number }
  | { readonly kind: 'variable'; readonly name: string; readonly fields: readonly string[]; readonly at: number }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly fields: readonly string[]; readonly at: number }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'value'; readonly value: string | number | boolean | null };

/** A template that cannot be read or carried out; the message is as Go's. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
