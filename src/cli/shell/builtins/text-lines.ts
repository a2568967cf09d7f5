import { chunksOf } from '../../../base/streams';
import type { CommandIo } from '../../command-io';

/** The paths that were given, or input. */
export function orInput(args: readonly string[]): readonly string[] {
  return args.length > 0 ? args : ['-'];
}

/** Bytes of a file, or of input for `-`. */
export async function openInput(io: CommandIo, path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (path === '-') return io.stdin;
  const stat = await io.files.stat(path);
  if (!stat) throw new Error(`${path}: No such file or directory`);
  if (stat.kind === 'folder') throw new Error(`${path}: Is a directory`);
  return io.files.read(path);
}

/** Lines as they come, without their ends. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunksOf(stream)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
