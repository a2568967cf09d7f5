import { parseDockerignore } from '../../../formats/dockerignore/ignore-rules';
import type { CommandIo } from '../../command-io';
import type { FileStat } from '../../file-area';
import { tarOf } from '../tar-files';
import { inputContext } from './input-context';

/** What the engine builds from. */
export interface ContextSource {
  readonly dockerfile?: string;
  readonly remote?: string;
  readonly body?: ReadableStream<Uint8Array>;
}

/** The context that a command line names: a folder, an address, or `-` for the input. */
export async function contextOf(io: CommandIo, context: string, file: string): Promise<ContextSource> {
  if (/^(https?|git):\/\//.test(context)) {
    return { remote: context, ...(file !== '' && { dockerfile: file }) };
  }
  if (context === '-') return { body: await inputContext(io.stdin), ...(file !== '' && { dockerfile: file }) };
  const stat = await io.files.stat(context);
  if (stat?.kind !== 'folder') {
    throw new Error(`unable to prepare context: path ${JSON.stringify(context)} not found`);
  }
  const folder = context.replace(/\/+$/, '') || '/';
  if (file === '-') return withOwnDockerfile(io, folder, stat);
  const dockerfile = file === '' ? 'Dockerfile' : below(io.folder, folder, file);
  if (!(await io.files.stat(`${folder}/${dockerfile}`))) {
    const path = `${folder}/${dockerfile}`;
    throw new Error(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    );
  }
  const rules = parseDockerignore(await ignoreText(io, folder, dockerfile));
  // These two are always sent; the engine leaves them out of what COPY sees.
  const always = new Set([dockerfile, '.dockerignore']);
  const excludes = (path: string): boolean => rules.ignores(path) && !always.has(path);
  return { dockerfile, body: tarOf(io.files, folder, stat, { excludes }) };
}

/** `-f -`: the Dockerfile comes by the input, and stands beside the context under a name that COPY does not see. */
async function withOwnDockerfile(io: CommandIo, folder: string, stat: FileStat): Promise<ContextSource> {
  const dockerfile = `.dockerfile.${crypto.randomUUID()}`;
  const rules = await ignoreText(io, folder, dockerfile);
  const own = new Map([
    [dockerfile, await new Response(io.stdin).text()],
    ['.dockerignore', `${rules}\n${dockerfile}\n`],
  ]);
  const ignore = parseDockerignore(rules);
  return { dockerfile, body: tarOf(io.files, folder, stat, { excludes: (path) => ignore.ignores(path), own }) };
}

/** The Dockerfile's path within the context: it is given from the shell's folder or, as docker allows, from the context. */
function below(shellFolder: string, context: string, file: string): string {
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${shellFolder}/${path}`);
  const parts = (path: string): readonly string[] =>
    absolute(path)
      .split('/')
      .filter((each) => each !== '' && each !== '.');
  const top = parts(context);
  const own = parts(file);
  const inside = top.every((each, at) => own[at] === each);
  return inside ? own.slice(top.length).join('/') : file.replace(/^\.\//, '');
}

async function ignoreText(io: CommandIo, folder: string, dockerfile: string): Promise<string> {
  for (const path of [`${folder}/${dockerfile}.dockerignore`, `${folder}/.dockerignore`]) {
    if (await io.files.stat(path)) return new Response(await io.files.read(path)).text();
  }
  return '';
}
