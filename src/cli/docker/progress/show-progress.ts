import type { JsonMessage } from '../../../api/engine-api';
import { type CommandIo, screenColumns } from '../../command-io';
import { progressLine } from './progress-line';

interface Options {
  readonly quiet?: boolean;
  /** Takes what is told beside the lines: digests of what was built. */
  readonly onAux?: (aux: Readonly<Record<string, unknown>>) => void;
}

/** Most lines that are kept in place at once; further ones are printed below and left alone. */
const placedLimit = 500;

/**
 * Draws the messages of a pull, push, load or build as docker does: on a terminal each layer keeps its line, elsewhere what
 * changes of it is a line of its own. Throws what the engine says has failed.
 */
export async function showProgress(
  messages: AsyncIterable<JsonMessage>,
  io: Pick<CommandIo, 'stdout' | 'terminal'>,
  { quiet = false, onAux }: Options = {},
): Promise<void> {
  const placed = new Map<string, number>();
  let count = 0;
  for await (const message of messages) {
    if (message.aux) onAux?.(message.aux);
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new Error(failure);
    if (quiet || (message.aux && message.stream === undefined && message.status === undefined)) continue;
    if (!io.stdout.terminal) {
      await io.stdout.write(plainText(message));
      continue;
    }
    const moves = message.id !== undefined && (message.progressDetail !== undefined || message.progress !== undefined);
    if (!moves || message.id === undefined) {
      await io.stdout.write(terminalText(message));
      if (message.status !== undefined && message.id === undefined) {
        // What was above is now out of reach.
        placed.clear();
        count = 0;
      }
      continue;
    }
    let up = 0;
    const row = placed.get(message.id);
    if (row === undefined && placed.size < placedLimit) {
      placed.set(message.id, count);
      count += 1;
      await io.stdout.write('\n');
      up = 1;
    } else up = count - (row ?? count);
    const line = progressLine(message, screenColumns(io));
    await io.stdout.write(`\x1b[${up}A\x1b[2K\r${line}\r\x1b[${up}B`);
  }
}

function plainText({ stream, status, id, progressDetail, progress }: JsonMessage): string {
  if (stream !== undefined) return stream;
  // What only moves is no line of its own.
  const moving = progress !== undefined || (progressDetail?.current !== undefined && progressDetail.current > 0);
  if (status === undefined || moving) return '';
  return `${id === undefined ? '' : `${id}: `}${status}\n`;
}

function terminalText({ stream, status, id }: JsonMessage): string {
  if (stream !== undefined) return stream;
  return status === undefined ? '' : `${id === undefined ? '' : `${id}: `}${status}\n`;
}
