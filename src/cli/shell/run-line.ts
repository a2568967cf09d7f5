import { toSandboxError } from '../../base/errors';
import { parseShellLine } from '../../formats/shellwords/parse-shell-line';
import type { Pipeline, SimpleCommand } from '../../formats/shellwords/shell-syntax';
import type { CommandIo, Output } from '../command-io';
import { nearest } from '../grammar/nearest';
import { expandWord, type Lookup } from './expand-word';
import { folderView } from './folder-view';
import { type OpenedStreams, openRedirects } from './open-redirects';
import type { ShellState } from './shell';

/** As a shell of Unix ends: not found, and interrupted. */
const notFound = 127;
const interrupted = 130;
const syntaxError = 2;

/** Bytes that wait between two commands of a pipe. */
const pipeBytes = 64 * 1024;

/**
 * Carries out a line. `io` is the terminal's; its files are the whole area, of which commands see the shell's folder. The
 * code is also kept in the shell's state, as `$?`.
 */
export async function runLine(line: string, shell: ShellState, io: CommandIo): Promise<number> {
  const parsed = parseShellLine(line);
  if (parsed.kind !== 'pipelines') {
    const message = parsed.kind === 'error' ? parsed.message : 'syntax error: unexpected end of line';
    await io.stderr.write(`${message}\n`);
    shell.code = syntaxError;
    return syntaxError;
  }
  for (const pipeline of parsed.pipelines) {
    if (io.signal.aborted) {
      shell.code = interrupted;
      break;
    }
    if (pipeline.when === 'success' && shell.code !== 0) continue;
    if (pipeline.when === 'failure' && shell.code === 0) continue;
    shell.code = await runPipeline(pipeline, shell, io);
  }
  return shell.code;
}

/** All commands run at once, each until its own end; the code is the last one's. */
async function runPipeline({ commands }: Pipeline, shell: ShellState, io: CommandIo): Promise<number> {
  let stdin = io.stdin;
  const running = commands.map((command, at) => {
    const last = at === commands.length - 1;
    const pipe = last ? undefined : createPipe();
    const own: CommandIo = { ...withoutTerminal(io, at > 0), stdin, ...(pipe && { stdout: pipe.output }) };
    if (pipe) stdin = pipe.readable;
    return runCommand(command, shell, own).finally(() => {
      // Who reads from it sees the end; who still writes to us is told that nobody reads.
      pipe?.close();
      if (at > 0) void own.stdin.cancel().catch(() => {});
    });
  });
  const codes = await Promise.all(running);
  return codes.at(-1) ?? 0;
}

/** A command behind a pipe has no keys of its own. */
function withoutTerminal(io: CommandIo, piped: boolean): CommandIo {
  if (!piped) return io;
  const { terminal: _, ...rest } = io;
  return rest;
}

interface Pipe {
  readonly output: Output;
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  close(): void;
}

function createPipe(): Pipe {
  const size = { highWaterMark: pipeBytes, size: (chunk?: Uint8Array) => chunk?.length ?? 0 };
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(
    undefined,
    size,
    size,
  );
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  return {
    readable,
    output: {
      terminal: false,
      async write(data) {
        const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data.slice();
        await writer.ready;
        await writer.write(bytes);
      },
    },
    close: () => void writer.close().catch(() => {}),
  };
}

async function runCommand(command: SimpleCommand, shell: ShellState, io: CommandIo): Promise<number> {
  const lookup: Lookup = (name) => (name === '?' ? String(shell.code) : shell.variables.get(name));
  const words = command.words.flatMap((word) => expandWord(word, lookup));
  let opened: OpenedStreams | undefined;
  try {
    opened = await openRedirects(command.redirects, lookup, { ...io, files: folderView(io.files, shell.folder) });
    const code = await runWords(words, shell, {
      ...opened.io,
      folder: shell.folder,
      variables: Object.fromEntries(shell.variables),
    });
    await opened.close();
    return code;
  } catch (error) {
    await opened?.abort();
    if (io.signal.aborted) return interrupted;
    // Nobody reads what it wrote: the end of a pipe, and no failure that is to be told.
    if (isClosedPipe(error)) return 141;
    await io.stderr.write(`${words[0] ?? 'shell'}: ${toSandboxError(error).message}\n`);
    return 1;
  }
}

function isClosedPipe(error: unknown): boolean {
  return error === undefined || (error instanceof TypeError && /clos|error/i.test(error.message));
}

async function runWords(words: readonly string[], shell: ShellState, io: CommandIo): Promise<number> {
  const [name, ...others] = words;
  if (name === undefined) return 0;
  const assigned = /^([A-Za-z_]\w*)=(.*)$/s.exec(name);
  if (assigned && others.length === 0) {
    shell.variables.set(assigned[1] ?? '', assigned[2] ?? '');
    return 0;
  }
  const program = shell.programs.get(name);
  if (program) return program.run(others, io, shell);
  const near = nearest(name, [...shell.programs.keys()]);
  const hint = near.length > 0 ? ` (did you mean ${near.map((each) => `"${each}"`).join(' or ')}?)` : '';
  await io.stderr.write(`${name}: command not found${hint}\n`);
  return notFound;
}
