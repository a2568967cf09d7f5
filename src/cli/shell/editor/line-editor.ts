import { inColumns } from '../builtins/file-builtins';
import { type Key, KeyDecoder, type KeyName } from './decode-keys';
import {
  cut,
  type EditLine,
  emptyLine,
  insert,
  lineOf,
  moveTo,
  textOf,
  transpose,
  wordEnd,
  wordStart,
} from './edit-line';
import { drawLine, leaveLine } from './line-view';

/** What the end of a line may become. */
export interface Completions {
  /** Where in the text before the cursor the word begins. */
  readonly from: number;
  /** Whole words in place of it; with a space or a slash at the end where it goes on. */
  readonly words: readonly string[];
}

export interface LineEditorOptions {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  /** Oldest first; the editor only reads it. */
  readonly history: readonly string[];
  readonly complete: (before: string) => Promise<Completions>;
}

/** How the edit of a line ended. */
export type LineEnd =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'end' };

interface Search {
  readonly query: string;
  /** Index in the history of what is shown; -1 for none. */
  readonly at: number;
  readonly before: EditLine;
}

const bracketedPasteOn = '\x1b[?2004h';
const bracketedPasteOff = '\x1b[?2004l';

/** Words that completion lists without asking: more would be no help. */
const listLimit = 200;

/** Edits a line on a terminal with the keys of readline. */
export class LineEditor {
  readonly #options: LineEditorOptions;
  readonly #decoder = new KeyDecoder();
  #line: EditLine = emptyLine;
  #prompt = '';
  /** Row of the cursor below the first one of the prompt. */
  #row = 0;
  #killed = '';
  #lastKill: 'forward' | 'backward' | undefined;
  /** Index in the history; its length is the line of now. */
  #at = 0;
  #draft = emptyLine;
  #search: Search | undefined;
  #tabs = 0;
  #done: ((end: LineEnd) => void) | undefined;
  #completing = false;

  constructor(options: LineEditorOptions) {
    this.#options = options;
  }

  /** Shows the prompt and resolves with what is entered. One line at a time. */
  read(prompt: string): Promise<LineEnd> {
    this.#prompt = prompt;
    this.#line = emptyLine;
    this.#row = 0;
    this.#at = this.#options.history.length;
    this.#draft = emptyLine;
    this.#search = undefined;
    this.#options.write(bracketedPasteOn);
    this.#draw();
    const ended = new Promise<LineEnd>((resolve) => {
      this.#done = resolve;
    });
    this.#work();
    return ended;
  }

  /** What was typed. What comes while no line is read waits for the next. */
  type(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    this.#work();
  }

  /** What was typed after the last line, for the command that it began. */
  takeRest(): Uint8Array {
    return new TextEncoder().encode(this.#decoder.takeRest());
  }

  /** The screen has another width now: the terminal has broken the rows anew, so the line is drawn on a new one. */
  resized(): void {
    if (!this.#done) return;
    this.#options.write('\r');
    this.#draw();
  }

  #work(): void {
    while (this.#done && !this.#completing) {
      const key = this.#decoder.next();
      if (!key) return;
      this.#key(key);
    }
  }

  #key(key: Key): void {
    if (key.kind !== 'key' || key.name !== 'tab') this.#tabs = 0;
    if (this.#search && this.#searchKey(key, this.#search)) return;
    if (key.kind === 'key') this.#command(key.name);
    else {
      this.#lastKill = undefined;
      this.#change(insert(this.#line, key.text));
    }
  }

  #command(name: KeyName): void {
    const line = this.#line;
    const { cursor, characters } = line;
    const isKill = name.startsWith('kill') || name.startsWith('delete-word');
    if (!isKill) this.#lastKill = undefined;
    const commands: Readonly<Record<KeyName, () => void>> = {
      enter: () => this.#end({ kind: 'line', text: textOf(line) }),
      tab: () => void this.#complete(),
      backspace: () => cursor > 0 && this.#change(cut(line, cursor - 1, cursor).line),
      delete: () => this.#change(cut(line, cursor, cursor + 1).line),
      left: () => this.#change(moveTo(line, cursor - 1)),
      right: () => this.#change(moveTo(line, cursor + 1)),
      up: () => this.#recall(this.#at - 1),
      down: () => this.#recall(this.#at + 1),
      home: () => this.#change(moveTo(line, 0)),
      end: () => this.#change(moveTo(line, characters.length)),
      'word-left': () => this.#change(moveTo(line, wordStart(line))),
      'word-right': () => this.#change(moveTo(line, wordEnd(line))),
      'delete-word': () => this.#kill(wordStart(line, true), 'backward'),
      'delete-word-right': () => this.#kill(wordEnd(line), 'forward'),
      'kill-start': () => this.#kill(0, 'backward'),
      'kill-end': () => this.#kill(characters.length, 'forward'),
      yank: () => this.#change(insert(line, this.#killed)),
      transpose: () => this.#change(transpose(line)),
      search: () => this.#startSearch(),
      clear: () => {
        this.#options.write('\x1b[H\x1b[2J');
        this.#row = 0;
        this.#draw();
      },
      interrupt: () => {
        this.#change(moveTo(line, characters.length));
        this.#options.write('^C');
        this.#end({ kind: 'interrupt' });
      },
      'end-of-input': () => {
        if (characters.length === 0) this.#end({ kind: 'end' });
        else this.#change(cut(line, cursor, cursor + 1).line);
      },
      cancel: () => {},
      escape: () => {},
      first: () => this.#recall(0),
      last: () => this.#recall(this.#options.history.length),
    };
    commands[name]();
  }

  #kill(to: number, direction: 'forward' | 'backward'): void {
    const { line, text } = cut(this.#line, this.#line.cursor, to);
    const joined = direction === 'forward' ? this.#killed + text : text + this.#killed;
    // Words that are cut one after the other come back together.
    if (text !== '') this.#killed = this.#lastKill === direction ? joined : text;
    this.#lastKill = direction;
    this.#change(line);
  }

  #recall(at: number): void {
    const { history } = this.#options;
    if (at < 0 || at > history.length || at === this.#at) return;
    if (this.#at === history.length) this.#draft = this.#line;
    this.#at = at;
    const earlier = history[at];
    this.#change(earlier === undefined ? this.#draft : lineOf(earlier));
  }

  #startSearch(): void {
    this.#search = { query: '', at: -1, before: this.#line };
    this.#draw();
  }

  /** Whether the key was the search's; what is none of its own ends it and is carried out. */
  #searchKey(key: Key, search: Search): boolean {
    const { history } = this.#options;
    if (key.kind === 'text') {
      this.#find(search.query + key.text, search.at < 0 ? history.length - 1 : search.at, search);
      return true;
    }
    if (key.kind === 'key' && key.name === 'search') {
      this.#find(search.query, (search.at < 0 ? history.length : search.at) - 1, search);
      return true;
    }
    if (key.kind === 'key' && key.name === 'backspace') {
      this.#find(search.query.slice(0, -1), history.length - 1, search);
      return true;
    }
    this.#search = undefined;
    const canceled = key.kind === 'key' && (key.name === 'cancel' || key.name === 'interrupt' || key.name === 'escape');
    this.#change(canceled ? search.before : this.#line);
    return canceled;
  }

  #find(query: string, from: number, { before, at }: Search): void {
    const { history } = this.#options;
    let found = from;
    while (found >= 0 && !(history[found] ?? '').includes(query)) found -= 1;
    const line = found < 0 ? undefined : history[found];
    this.#search = { query, at: line === undefined ? at : found, before };
    if (line === undefined) {
      this.#draw();
      return;
    }
    this.#at = found;
    this.#change(moveTo(lineOf(line), [...line.slice(0, line.indexOf(query))].length));
  }

  async #complete(): Promise<void> {
    const before = this.#line.characters.slice(0, this.#line.cursor).join('');
    this.#completing = true;
    let completions: Completions;
    try {
      completions = await this.#options.complete(before);
    } catch {
      // Names that cannot be had now are none.
      completions = { from: before.length, words: [] };
    }
    this.#completing = false;
    if (this.#done) this.#show(before, completions);
    this.#work();
  }

  #show(before: string, { from, words }: Completions): void {
    const typed = before.slice(from);
    const shared = words.length === 0 ? '' : words.reduce(commonStart);
    const longer = shared.length > typed.length;
    if (longer) {
      const start = [...lineOf(before.slice(0, from)).characters].length;
      this.#change(insert(cut(this.#line, start, this.#line.cursor).line, shared));
      return;
    }
    if (words.length < 2) return;
    this.#tabs += 1;
    if (this.#tabs < 2) return;
    const { write, columns } = this.#options;
    const listed = words.slice(0, listLimit).map((word) => word.trimEnd());
    const more = words.length > listLimit ? `… and ${words.length - listLimit} more\r\n` : '';
    write(leaveLine(this.#prompt, this.#line, columns(), this.#row));
    write(inColumns(listed, columns()).replaceAll('\n', '\r\n') + more);
    this.#row = 0;
    this.#draw();
  }

  #change(line: EditLine): void {
    this.#line = line;
    this.#draw();
  }

  #draw(): void {
    const { write, columns } = this.#options;
    const drawn = drawLine(this.#shownPrompt(), this.#line, columns(), this.#row);
    this.#row = drawn.row;
    write(drawn.output);
  }

  #shownPrompt(): string {
    return this.#search ? `(reverse-i-search)\`${this.#search.query}': ` : this.#prompt;
  }

  #end(end: LineEnd): void {
    const { write, columns } = this.#options;
    if (end.kind !== 'interrupt') write(leaveLine(this.#shownPrompt(), this.#line, columns(), this.#row));
    else write('\r\n');
    write(bracketedPasteOff);
    const done = this.#done;
    this.#done = undefined;
    this.#lastKill = undefined;
    done?.(end);
  }
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return a.slice(0, length);
}
