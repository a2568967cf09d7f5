import type { CommandIo } from '../../command-io';

/** `--cidfile`: refuses to begin where the file is there already. */
export async function checkIdFile(io: CommandIo, path: string): Promise<void> {
  if (path === '' || !(await io.files.stat(path))) return;
  throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
}

export async function writeIdFile(io: CommandIo, path: string, id: string): Promise<void> {
  if (path === '') return;
  const writer = (await io.files.write(path)).getWriter();
  await writer.write(new TextEncoder().encode(id));
  await writer.close();
}
