import type { ContainerEngine } from '../../api/container-engine';
import { SandboxError } from '../../base/errors';

/** What is asked inside, and by what: the container's own programs, where its image has them. */
const questions = {
  hostname: 'hostname || cat /proc/sys/kernel/hostname',
  processes: 'ps -o pid,user,args || ps -ef || ls -d /proc/[0-9]*',
  network: 'ip -4 -o addr || cat /proc/net/fib_trie',
  mounts: 'cat /proc/self/mountinfo',
  cgroup: 'cat /proc/self/cgroup',
  identity: 'id',
  limits: 'grep -H . /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max',
  status: 'cat /proc/self/status',
  namespaces: 'ls -l /proc/self/ns',
} as const;

export type InsideQuestion = keyof typeof questions;
export type InsideView = Readonly<Record<InsideQuestion, string>>;

/** Answers are short; one that is not is cut. */
const answerLimit = 64 * 1024;

/** Between two answers: no line of a sane program is this. */
const mark = '\x1e';

const script = Object.values(questions)
  .map((question) => `{ ${question}; } 2>/dev/null; printf '\\036'`)
  .join('\n');

/** As the runtime ends for a program that is not there, or is none. */
const noProgram: ReadonlySet<unknown> = new Set([126, 127]);

/** Looks at a container with its own programs, which is no event of it. Undefined: its image has no shell to ask. */
export async function lookInside(
  { execs }: Pick<ContainerEngine, 'execs'>,
  container: string,
): Promise<InsideView | undefined> {
  // By its input: as an argument it would be the longest line of what it prints.
  const body = { AttachStdin: true, AttachStdout: true, Cmd: ['/bin/sh'] };
  const { Id } = await execs.create(container, body, { untold: true });
  const streams = await execs.start(Id, { detach: false }).catch((error: unknown) => {
    if (error instanceof SandboxError && noProgram.has(error.details['exitCode'])) return undefined;
    throw error;
  });
  if (!streams) return undefined;
  const { output, input } = streams;
  const writer = input?.getWriter();
  await writer?.write(new TextEncoder().encode(`${script}\n`));
  await writer?.close();
  let text = '';
  const decoder = new TextDecoder();
  for await (const { stream, bytes } of output) {
    if (stream === 'stdout' && text.length < answerLimit) text += decoder.decode(bytes, { stream: true });
  }
  return readAnswers(text);
}

function readAnswers(text: string): InsideView | undefined {
  const answers = text.split(mark);
  const names = Object.keys(questions) as InsideQuestion[];
  if (answers.length <= names.length) return undefined;
  return Object.fromEntries(names.map((name, at) => [name, answers[at]?.trim() ?? ''])) as Record<
    InsideQuestion,
    string
  >;
}
