/** A part of a word: variables are replaced in it unless it stands between single quotes or behind a backslash. */
export interface WordPart {
  readonly text: string;
  /** `literal` is taken as it is; `quoted` has variables; `bare` has variables too, whose values are split at spaces. */
  readonly kind: 'bare' | 'quoted' | 'literal';
}

/** A word as it was written; empty quotes are a part without text. */
export type ShellWord = readonly WordPart[];

export type Redirect =
  | { readonly kind: 'input'; readonly target: ShellWord }
  | {
      readonly kind: 'output';
      readonly target: ShellWord;
      readonly append: boolean;
      /** Output, errors, or both. */
      readonly of: 'stdout' | 'stderr' | 'both';
    }
  /** `2>&1` */
  | { readonly kind: 'merge' };

export interface SimpleCommand {
  readonly words: readonly ShellWord[];
  readonly redirects: readonly Redirect[];
}

/** Commands, the output of each of which is the input of the next. */
export interface Pipeline {
  /** When it is carried out: always, or if the one before went well or did not. */
  readonly when: 'always' | 'success' | 'failure';
  readonly commands: readonly SimpleCommand[];
}

/** What a line says. `incomplete`: a quote is open, or a command is missing at its end. */
export type ShellLine =
  | { readonly kind: 'pipelines'; readonly pipelines: readonly Pipeline[] }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'error'; readonly message: string };
