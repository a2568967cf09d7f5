import { chunksOf } from '../../base/streams';
import type { CommandIo } from '../command-io';

/** Asks whether to go on, as docker does: only what begins with y is a yes. */
export async function confirm(io: CommandIo, warning: string): Promise<boolean> {
  await io.stdout.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = await readLine(io);
  return /^y(es)?$/i.test(answer.trim());
}

/** The next line of input, without its end. */
export async function readLine({ stdin }: CommandIo): Promise<string> {
  const decoder = new TextDecoder();
  let line = '';
  for await (const chunk of chunksOf(stdin)) {
    line += decoder.decode(chunk, { stream: true });
    if (line.includes('\n')) break;
  }
  return line.split('\n', 1)[0] ?? '';
}
