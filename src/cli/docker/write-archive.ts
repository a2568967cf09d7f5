import { chunksOf } from '../../base/streams';
import type { CommandIo } from '../command-io';

/** Writes a tar of the engine's to a file or, without a name, to output; never to a screen. */
export async function writeArchive(io: CommandIo, file: string, get: () => Promise<Response>): Promise<void> {
  if (file === '' && io.stdout.terminal) {
    throw new Error('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  }
  const { body } = await get();
  if (!body) return;
  if (file !== '') {
    await body.pipeTo(await io.files.write(file), { signal: io.signal });
    return;
  }
  for await (const chunk of chunksOf(body)) await io.stdout.write(chunk);
}
