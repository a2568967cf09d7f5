import type { CommandIo } from '../../command-io';

/** `--env` and `--env-file`: a name alone takes its value from the shell, and is left out where that has none. */
export async function readEnvironment(
  given: readonly string[],
  files: readonly string[],
  io: Pick<CommandIo, 'files' | 'variables'>,
): Promise<readonly string[]> {
  const fromFiles: string[] = [];
  for (const file of files) fromFiles.push(...(await readLines(io, file)).map((line) => checkLine(line, file)));
  return [...fromFiles, ...given].flatMap((each) => {
    if (each.startsWith('=')) throw new Error(`invalid environment variable: ${each}`);
    if (each.includes('=')) return [each];
    const value = io.variables[each];
    return value === undefined ? [] : [`${each}=${value}`];
  });
}

/** Lines of a file of settings; empty ones and comments are none. */
export async function readLines({ files }: Pick<CommandIo, 'files'>, path: string): Promise<readonly string[]> {
  const text = await new Response(await files.read(path)).text();
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function checkLine(line: string, file: string): string {
  const name = line.split('=', 1)[0] ?? '';
  if (/\s/.test(name)) throw new Error(`invalid env file (${file}): variable '${name}' contains whitespaces`);
  if (name === '') throw new Error(`invalid env file (${file}): no variable name on line '${line}'`);
  return line;
}
