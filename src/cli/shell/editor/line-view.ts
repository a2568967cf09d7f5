import { textWidth } from '../../format/text-width';
import { charactersOf, type EditLine } from './edit-line';

interface Place {
  readonly row: number;
  readonly column: number;
}

export interface Drawn {
  /** What brings the screen there. */
  readonly output: string;
  /** Where the cursor is then, from the first row of the prompt. */
  readonly row: number;
}

/** A prompt may have colours, which take no room. */
const colours = /\x1b\[[\d;]*m/g;

/**
 * Draws a prompt and a line over what was drawn before, whose cursor stands in `fromRow`: longer ones go on over several
 * rows of the screen.
 */
export function drawLine(prompt: string, line: EditLine, columns: number, fromRow: number): Drawn {
  const before = charactersOf(prompt.replace(colours, ''));
  const all = [...before, ...line.characters];
  const cursor = placeAfter([...before, ...line.characters.slice(0, line.cursor)], columns);
  const end = placeAfter(all, columns);
  const text = `${prompt}${line.characters.map(shown).join('')}`.replaceAll('\n', '\r\n');
  // A full last row: the terminal only goes on to the next with the next character.
  const full = end.column === 0 && end.row > 0 && all.at(-1) !== '\n' ? '\r\n' : '';
  const back = up(end.row - cursor.row);
  return {
    output: `${up(fromRow)}\r\x1b[J${text}${full}${back}\r${cursor.column > 0 ? `\x1b[${cursor.column}C` : ''}`,
    row: cursor.row,
  };
}

/** What leads from the cursor to the row below the whole line. */
export function leaveLine(prompt: string, line: EditLine, columns: number, fromRow: number): string {
  const end = placeAfter([...charactersOf(prompt.replace(colours, '')), ...line.characters], columns);
  const down = end.row - fromRow;
  const last = end.column === 0 && end.row > 0 ? '' : '\r\n';
  return `${down > 0 ? `\x1b[${down}B` : ''}\r${last}`;
}

/** Where a terminal of so many columns is after these characters. */
function placeAfter(characters: readonly string[], columns: number): Place {
  let row = 0;
  let column = 0;
  for (const character of characters) {
    if (character === '\n') {
      row += 1;
      column = 0;
      continue;
    }
    const width = textWidth(shown(character));
    if (column + width > columns) {
      row += 1;
      column = 0;
    }
    column += width;
  }
  return column >= columns ? { row: row + 1, column: 0 } : { row, column };
}

/** What is no character is shown as one, or the cursor would be elsewhere. */
function shown(character: string): string {
  if (character === '\t') return ' ';
  return character !== '\n' && textWidth(character) === 0 ? '�' : character;
}

const up = (rows: number): string => (rows > 0 ? `\x1b[${rows}A` : '');
