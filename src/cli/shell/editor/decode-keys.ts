/** What was typed: text, or a key that means something. */
export type Key =
  | { readonly kind: 'text'; readonly text: string }
  /** Pasted as a whole: nothing in it is a command. */
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'key'; readonly name: KeyName };

export type KeyName =
  | 'enter'
  | 'tab'
  | 'backspace'
  | 'delete'
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'home'
  | 'end'
  | 'word-left'
  | 'word-right'
  | 'delete-word'
  | 'delete-word-right'
  | 'kill-start'
  | 'kill-end'
  | 'yank'
  | 'transpose'
  | 'search'
  | 'clear'
  | 'interrupt'
  | 'end-of-input'
  | 'cancel'
  | 'escape'
  | 'first'
  | 'last';

const controls: Readonly<Record<number, KeyName>> = {
  1: 'home',
  2: 'left',
  3: 'interrupt',
  4: 'end-of-input',
  5: 'end',
  6: 'right',
  7: 'cancel',
  8: 'backspace',
  9: 'tab',
  10: 'enter',
  11: 'kill-end',
  12: 'clear',
  13: 'enter',
  14: 'down',
  16: 'up',
  18: 'search',
  20: 'transpose',
  21: 'kill-start',
  23: 'delete-word',
  25: 'yank',
  127: 'backspace',
};

/** What follows ESC, as xterm sends it (ctlseqs: CSI and SS3 of cursor keys, with modifiers). */
const sequences: Readonly<Record<string, KeyName>> = {
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  '[H': 'home',
  '[F': 'end',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  OH: 'home',
  OF: 'end',
  '[1~': 'home',
  '[7~': 'home',
  '[3~': 'delete',
  '[4~': 'end',
  '[8~': 'end',
  '[1;5C': 'word-right',
  '[1;5D': 'word-left',
  '[1;3C': 'word-right',
  '[1;3D': 'word-left',
  '[3;5~': 'delete-word-right',
  b: 'word-left',
  f: 'word-right',
  d: 'delete-word-right',
  '\x7f': 'delete-word',
  '\b': 'delete-word',
  '<': 'first',
  '>': 'last',
};

const pasteStart = '[200~';
const pasteEnd = '\x1b[201~';

/** Characters of one paste; what is beyond is left out, since a line is for people. */
const pasteLimit = 256 * 1024;

/** Makes keys of the bytes of a terminal, which may come cut anywhere. */
export class KeyDecoder {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #pasted: string | undefined;

  push(bytes: Uint8Array): void {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
  }

  /** The next key, if all of it has come. */
  next(): Key | undefined {
    while (this.#rest !== '') {
      const keys: Key[] = [];
      if (this.#pasted !== undefined) {
        if (!this.#takePaste(keys)) return undefined;
      } else {
        const taken = this.#take(keys);
        if (taken === 0) return undefined;
        this.#rest = this.#rest.slice(taken);
      }
      const [key] = keys;
      if (key) return key;
    }
    return undefined;
  }

  /** What no key was made of yet, for somebody else who takes the terminal over. */
  takeRest(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }

  #takePaste(keys: Key[]): boolean {
    const end = this.#rest.indexOf(pasteEnd);
    // The end may be cut itself.
    const sure = end < 0 ? Math.max(0, this.#rest.length - pasteEnd.length + 1) : end;
    this.#pasted = ((this.#pasted ?? '') + this.#rest.slice(0, sure)).slice(0, pasteLimit);
    this.#rest = this.#rest.slice(end < 0 ? sure : end + pasteEnd.length);
    if (end < 0) return false;
    keys.push({ kind: 'paste', text: this.#pasted.replace(/\r\n?/g, '\n') });
    this.#pasted = undefined;
    return true;
  }

  /** Takes one key off; 0 when more has to come first. */
  #take(keys: Key[]): number {
    const code = this.#rest.charCodeAt(0);
    if (code === 27) return this.#takeEscape(keys);
    const name = controls[code];
    if (name !== undefined) {
      // CR LF is one Enter.
      keys.push({ kind: 'key', name });
      return this.#rest.startsWith('\r\n') ? 2 : 1;
    }
    if (code < 32) return 1;
    const text = /^[^\x00-\x1f\x7f]+/.exec(this.#rest)?.[0] ?? '';
    keys.push({ kind: 'text', text });
    return text.length;
  }

  #takeEscape(keys: Key[]): number {
    const rest = this.#rest.slice(1);
    // A terminal sends a sequence at once; ESC alone is the key.
    if (rest === '') {
      keys.push({ kind: 'key', name: 'escape' });
      return 1;
    }
    if (rest.startsWith(pasteStart)) {
      this.#pasted = '';
      return 1 + pasteStart.length;
    }
    const sequence = /^(?:\[[\d;]*[ -/]*[@-~]|O[@-~]|[^[O])/s.exec(rest)?.[0];
    if (sequence === undefined) return rest.length > 16 ? 1 : 0;
    const name = sequences[sequence];
    if (name !== undefined) keys.push({ kind: 'key', name });
    return 1 + sequence.length;
  }
}
