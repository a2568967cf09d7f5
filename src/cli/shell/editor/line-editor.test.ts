import { Terminal } from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textWidth } from '../../format/text-width';
import { charactersOf } from './edit-line';
import { type Completions, LineEditor, type LineEnd } from './line-editor';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An editor on the screen of a real terminal emulation. */
function editorOn(
  columns: number,
  {
    history = [],
    complete = async () => ({ from: 0, words: [] }),
  }: { history?: string[]; complete?: (before: string) => Promise<Completions> } = {},
) {
  const terminal = new Terminal({ cols: columns, rows: 60, allowProposedApi: true });
  const ends: LineEnd[] = [];
  const editor = new LineEditor({
    write: (text) => terminal.write(text),
    columns: () => terminal.cols,
    history,
    complete,
  });
  const settled = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve));
  return {
    editor,
    terminal,
    ends,
    read: (prompt = '$ ') => void editor.read(prompt).then((end) => ends.push(end)),
    type: (text: string) => editor.type(encode(text)),
    settled,
    async screen(): Promise<string> {
      await settled();
      const { active } = terminal.buffer;
      const lines = Array.from({ length: active.length }, (_, at) => active.getLine(at)?.translateToString(true) ?? '');
      return lines.join('\n').trimEnd();
    },
    async cursor(): Promise<readonly [number, number]> {
      await settled();
      const { active } = terminal.buffer;
      return [active.baseY + active.cursorY, active.cursorX];
    },
  };
}

describe('the line editor', () => {
  it.each([
    ['hello\r', 'hello'],
    ['hllo\x01\x1b[Ce\r', 'hello'],
    ['hello\x7f\x7fp\r', 'help'],
    ['one two\x17three\r', 'one three'],
    ['one two\x15\x19\x19\r', 'one twoone two'],
    ['one two\x01\x0b\x19!\r', 'one two!'],
    ['one two\x1bb\x1bb\x1bd\x05\x19\r', ' twoone'],
    ['one two three\x17\x17\x19\r', 'one two three'],
    ['ab\x14\r', 'ba'],
    ['one\x1b[1;5Dx\x1b[1;5Cy\r', 'xoney'],
    ['one\x1b[Hx\x1b[Fy\x1b[D\x1b[3~z\r', 'xonez'],
    ['\x1b[200~a\nb\x03\x1b[201~c\r', 'a\nb\x03c'],
    ['größe 漢字 👍\x7f!\r', 'größe 漢字 !'],
    ['e\u0301\x7fx\r', 'x'],
  ])('%j comes to %j', async (typed, text) => {
    const { read, type, ends } = editorOn(80);
    read();
    type(typed);
    await Promise.resolve();
    expect(ends).toEqual([{ kind: 'line', text }]);
  });

  it('brings lines back, and the one that was begun', async () => {
    const { read, type, ends } = editorOn(80, { history: ['first', 'second'] });
    read();
    type('begun\x1b[A\x1b[A\x1b[B\x1b[B!\r');
    await Promise.resolve();
    read();
    type('\x10\x10x\r');
    await Promise.resolve();
    expect(ends).toEqual([
      { kind: 'line', text: 'begun!' },
      { kind: 'line', text: 'firstx' },
    ]);
  });

  it('searches backwards as it is typed, and gives up without a change', async () => {
    const history = ['docker ps -a', 'echo docker', 'ls'];
    const { read, type, ends, screen } = editorOn(80, { history });
    read();
    type('\x12dock');
    expect(await screen()).toBe("(reverse-i-search)`dock': echo docker");
    type('\x12');
    expect(await screen()).toBe("(reverse-i-search)`dock': docker ps -a");
    type('\r');
    await Promise.resolve();
    read();
    type('mine\x12zzz\x07\r');
    await Promise.resolve();
    expect(ends).toEqual([
      { kind: 'line', text: 'docker ps -a' },
      { kind: 'line', text: 'mine' },
    ]);
  });

  it('ends with Ctrl-C and, where nothing is written, with Ctrl-D', async () => {
    const { read, type, ends, screen } = editorOn(80);
    read();
    type('abc\x03');
    await Promise.resolve();
    read();
    type('ab\x01\x04\x04\x04');
    await Promise.resolve();
    expect(ends).toEqual([{ kind: 'interrupt' }, { kind: 'end' }]);
    expect((await screen()).split('\n').slice(0, 2)).toEqual(['$ abc^C', '$']);
  });

  it('takes what was typed between two lines', async () => {
    const { read, type, ends } = editorOn(80);
    read();
    type('one\rtwo\rthr');
    await Promise.resolve();
    read();
    await Promise.resolve();
    read();
    type('ee\r');
    await Promise.resolve();
    expect(ends.map((end) => end.kind === 'line' && end.text)).toEqual(['one', 'two', 'three']);
  });

  it('completes what is sure, and lists the rest at the second Tab', async () => {
    const words = ['stop ', 'start ', 'stats '];
    const complete = async (before: string): Promise<Completions> => {
      const from = before.lastIndexOf(' ') + 1;
      return { from, words: words.filter((word) => word.startsWith(before.slice(from))) };
    };
    const { read, type, ends, screen, editor } = editorOn(40, { complete });
    const tab = async (): Promise<void> => {
      type('\t');
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    };
    read();
    type('docker s');
    await tab();
    expect(await screen()).toBe('$ docker st');
    await tab();
    await tab();
    expect(await screen()).toBe('$ docker st\nstop   start  stats\n$ docker st');
    type('o');
    await tab();
    editor.type(encode('web\r'));
    await Promise.resolve();
    expect(ends).toEqual([{ kind: 'line', text: 'docker stop web' }]);
  });
});

/** Where a terminal puts text, told independently of the editor: character by character. */
function layout(
  text: string,
  columns: number,
): { readonly lines: readonly string[]; readonly end: readonly [number, number] } {
  const lines = [''];
  let used = 0;
  for (const character of charactersOf(text)) {
    if (character === '\n') {
      lines.push('');
      used = 0;
      continue;
    }
    const width = textWidth(character);
    if (used + width > columns) {
      lines.push('');
      used = 0;
    }
    lines[lines.length - 1] += character;
    used += width;
  }
  return { lines, end: used >= columns ? [lines.length, 0] : [lines.length - 1, used] };
}

describe('whatever is typed', () => {
  const press = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('a', 'b ', 'ü', '漢', 'long word ', '.') },
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        ...[
          '\x01',
          '\x05',
          '\x1b[D',
          '\x1b[C',
          '\x7f',
          '\x1b[3~',
          '\x17',
          '\x1bb',
          '\x1bf',
          '\x0b',
          '\x15',
          '\x19',
          '\x14',
        ],
        ...['\x1b[A', '\x1b[B', '\x1b[200~x\ny\x1b[201~'],
      ),
    },
  );

  it('the screen shows the prompt and the line, and the cursor where the next character goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 6, max: 30 }),
        fc.array(press, { maxLength: 60 }),
        async (columns, presses) => {
          const { editor, read, type, screen, cursor, ends } = editorOn(columns, {
            history: ['earlier', 'a longer line of before'],
          });
          read('> ');
          for (const each of presses) editor.type(encode(each));
          const at = await cursor();
          const shown = (await screen())
            .split('\n')
            .map((each) => each.trimEnd())
            .join('\n');
          // A mark shows where the cursor is in the line.
          type('\x1b[200~@\x1b[201~\r');
          await Promise.resolve();
          const [end] = ends;
          const marked = end?.kind === 'line' ? end.text : '';
          const place = marked.lastIndexOf('@');
          const line = marked.slice(0, place) + marked.slice(place + 1);
          const expected = layout(`> ${line}`, columns).lines.map((each) => each.trimEnd());
          expect(shown).toBe(expected.join('\n').trimEnd());
          expect(at).toEqual(layout(`> ${marked.slice(0, place)}`, columns).end);
        },
      ),
      { numRuns: 300 },
    );
  });
});
