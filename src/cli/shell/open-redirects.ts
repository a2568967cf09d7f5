import { SandboxError } from '../../base/errors';
import type { Redirect } from '../../formats/shellwords/shell-syntax';
import type { CommandIo, Output } from '../command-io';
import { type Expansion, expandText, expandWord } from './expand-word';

/** A command's streams after its redirections. */
export interface OpenedStreams {
  readonly io: CommandIo;
  /** Files are there from then on. */
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** Opens the files of `<`, `>`, `>>`, `2>`, `&>`, and documents, from left to right, as a shell does. */
export async function openRedirects(
  redirects: readonly Redirect[],
  expansion: Expansion,
  io: CommandIo,
): Promise<OpenedStreams> {
  let { stdin, stdout, stderr, terminal } = io;
  const writers: WritableStreamDefaultWriter<Uint8Array>[] = [];
  for (const redirect of redirects) {
    if (redirect.kind === 'merge') {
      stderr = stdout;
      continue;
    }
    if (redirect.kind === 'document') {
      stdin = new Blob([await expandText(redirect.text, expansion)]).stream();
      terminal = undefined;
      continue;
    }
    const [path, ...more] = await expandWord(redirect.target, expansion);
    if (path === undefined || more.length > 0) throw new SandboxError('InvalidArgument', 'ambiguous redirect');
    if (redirect.kind === 'input') {
      if (!(await io.files.stat(path))) throw new SandboxError('NotFound', `${path}: No such file or directory`);
      stdin = await io.files.read(path);
      terminal = undefined;
      continue;
    }
    const output = path === '/dev/null' ? nowhere : await openFile(io, path, redirect.append, writers);
    if (redirect.of !== 'stderr') stdout = output;
    if (redirect.of !== 'stdout') stderr = output;
  }
  const { terminal: _, ...rest } = io;
  return {
    io: { ...rest, stdin, stdout, stderr, ...(terminal && { terminal }) },
    async close() {
      for (const writer of writers) await writer.close();
    },
    async abort() {
      for (const writer of writers) await writer.abort().catch(() => {});
    },
  };
}

const nowhere: Output = { terminal: false, write: async () => {} };

async function openFile(
  { files }: CommandIo,
  path: string,
  append: boolean,
  writers: WritableStreamDefaultWriter<Uint8Array>[],
): Promise<Output> {
  if ((await files.stat(path))?.kind === 'folder')
    throw new SandboxError('FailedPrecondition', `${path}: Is a directory`);
  const parent = await files.stat(`${path}/..`);
  if (!parent) throw new SandboxError('NotFound', `${path}: No such file or directory`);
  if (parent.kind !== 'folder') throw new SandboxError('FailedPrecondition', `${path}: Not a directory`);
  const writer = (await files.write(path, { append })).getWriter();
  writer.closed.catch(() => {});
  writers.push(writer);
  return {
    terminal: false,
    async write(data) {
      await writer.ready;
      await writer.write(typeof data === 'string' ? new TextEncoder().encode(data) : data);
    },
  };
}
