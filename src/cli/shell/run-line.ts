import { delay } from '../../base/clock';
import { toSandboxError } from '../../base/errors';
import { parseShellLine } from '../../formats/shellwords/parse-shell-line';
import type { Pipeline, ShellWord, SimpleCommand } from '../../formats/shellwords/shell-syntax';
import type { CommandIo } from '../command-io';
import { expandTilde } from './expand-tilde';
import { type Expansion, expandText, expandWord } from './expand-word';
import { folderView } from './folder-view';
import { type OpenedStreams, openRedirects } from './open-redirects';
import { createPipe } from './pipe';
import { runWords } from './run-words';
import type { ShellState } from './shell';
import { substituteCommand } from './substitute-command';

/** As a shell of Unix ends: by SIGINT, and by SIGPIPE. */
const interrupted = 130;
const unread = 141;
const syntaxError = 2;

/** Milliseconds that an interrupted command has to end by itself; then it is left, so that there is a prompt again. */
const interruptGraceMs = 2000;

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
  const running = commands.map(async (command, at) => {
    const pipe = at === commands.length - 1 ? undefined : createPipe();
    const own: CommandIo = {
      ...withoutTerminal(io, at > 0),
      stdin,
      ...(pipe && { stdout: pipe.output, signal: AbortSignal.any([io.signal, pipe.broken]) }),
    };
    if (pipe) stdin = pipe.readable;
    try {
      const code = await runCommand(command, shell, own);
      return pipe?.broken.aborted ? unread : code;
    } finally {
      // Who reads from it sees the end; who still writes to us is told that nobody reads.
      pipe?.close();
      if (at > 0) void own.stdin.cancel().catch(() => {});
    }
  });
  return endOrGrace(
    Promise.all(running).then((codes) => codes.at(-1) ?? 0),
    io.signal,
    shell,
  );
}

/** How it ends; or, when it was interrupted and its time to end by itself is over, that it was. */
async function endOrGrace(running: Promise<number>, signal: AbortSignal, { clock }: ShellState): Promise<number> {
  const ended = new AbortController();
  const graceIsOver = new Promise<number>((resolve) => {
    const begin = (): void => void delay(clock, interruptGraceMs, ended.signal).then(() => resolve(interrupted));
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { signal: ended.signal });
  });
  try {
    return await Promise.race([running, graceIsOver]);
  } finally {
    ended.abort();
  }
}

/** A command behind a pipe has no keys of its own. */
function withoutTerminal(io: CommandIo, piped: boolean): CommandIo {
  if (!piped) return io;
  const { terminal: _, ...rest } = io;
  return rest;
}

async function runCommand(command: SimpleCommand, shell: ShellState, given: CommandIo): Promise<number> {
  const io = { ...given, files: folderView(given.files, shell.folder) };
  let printed = 0;
  const expansion: Expansion = {
    lookup: (name) => (name === '?' ? String(shell.code) : shell.variables.get(name)),
    async substitute(line) {
      const { text, code } = await substituteCommand(line, shell, given, runLine);
      printed = code;
      return text;
    },
  };
  let words: readonly string[] = [];
  let opened: OpenedStreams | undefined;
  try {
    const { assigned, others } = await readAssignments(command.words, expansion);
    words = (await inTurn(others, (word) => expandWord(word, expansion))).flat();
    opened = await openRedirects(command.redirects, expansion, io);
    const variables = Object.fromEntries([...shell.variables, ...assigned]);
    if (words.length === 0) for (const [name, value] of assigned) shell.variables.set(name, value);
    const code =
      words.length === 0 ? printed : await runWords(words, shell, { ...opened.io, folder: shell.folder, variables });
    await opened.close();
    return code;
  } catch (error) {
    await opened?.abort();
    if (io.signal.aborted) return interrupted;
    await io.stderr.write(`${words[0] ?? 'shell'}: ${toSandboxError(error).message}\n`);
    return 1;
  }
}

/** `NAME=value` before a command is for that alone, and without one for the shell. Values are not split. */
async function readAssignments(
  words: readonly ShellWord[],
  expansion: Expansion,
): Promise<{
  readonly assigned: readonly (readonly [name: string, value: string])[];
  readonly others: readonly ShellWord[];
}> {
  const found = words.findIndex(([first]) => first?.kind !== 'bare' || !/^[A-Za-z_]\w*=/.test(first.text));
  const count = found < 0 ? words.length : found;
  const assigned = await inTurn(words.slice(0, count), async (word) => {
    const text = await expandText(expandTilde(word, expansion.lookup), expansion);
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return { assigned, others: words.slice(count) };
}

/** One after the other, as a shell reads its words from left to right. */
async function inTurn<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<readonly U[]> {
  const done: U[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}
