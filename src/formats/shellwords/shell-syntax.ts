/** A part of a word, with how it was written where that is not what it stands for. */
export type WordPart =
  | {
      readonly text: string;
      /** `literal` is taken as it is; `quoted` has variables; `bare` has variables too, whose values are split at spaces. */
      readonly kind: 'bare' | 'quoted' | 'literal';
    }
  /** `$(line)` or `` `line` ``: what the line prints. */
  | { readonly text: string; readonly kind: 'command'; readonly line: string; readonly quoted: boolean };

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
  /** `<<END`: the lines up to that one. */
  | { readonly kind: 'document'; readonly text: ShellWord }
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

/** What a line says. `incomplete`: a quote or a document is open, or a command is missing at its end. */
export type ShellLine =
  | { readonly kind: 'pipelines'; readonly pipelines: readonly Pipeline[] }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'error'; readonly message: string };
