import type { ContainerEngine } from '../../api/container-engine';
import { SandboxError } from '../../base/errors';

/** What is asked inside, and by what: the container's own programs, where its image has them. */
const questions = {
  hostname: 'hostname || cat /proc/sys/kernel/hostname',
  processes: 'ps -o pid,user,args || ps -ef || ls -d /proc/[0-9]*',
  network: 'ip -4 -o addr || cat /proc/net/fib_trie',
  root: "grep ' / ' /proc/self/mounts",
  cgroup: 'cat /proc/self/cgroup',
  identity: 'id',
  limits: 'grep -H . /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max',
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

/** Looks at a container with its own programs. `FailedPrecondition` when its image has no shell to ask. */
export async function lookInside({ execs }: Pick<ContainerEngine, 'execs'>, container: string): Promise<InsideView> {
  // By its input: as an argument it would be the longest line of what it prints.
  const streams = { AttachStdin: true, AttachStdout: true };
  const { Id } = await execs.create(container, { ...streams, Cmd: ['/bin/sh'] });
  const { output, input } = await execs.start(Id, { detach: false });
  const writer = input?.getWriter();
  await writer?.write(new TextEncoder().encode(`${script}\n`));
  await writer?.close();
  let text = '';
  const decoder = new TextDecoder();
  for await (const { stream, bytes } of output) {
    if (stream === 'stdout' && text.length < answerLimit) text += decoder.decode(bytes, { stream: true });
  }
  const answers = text.split(mark);
  if (answers.length <= Object.keys(questions).length) {
    throw new SandboxError('FailedPrecondition', 'It has no shell that could be asked');
  }
  const names = Object.keys(questions) as InsideQuestion[];
  return Object.fromEntries(names.map((name, at) => [name, answers[at]?.trim() ?? ''])) as Record<
    InsideQuestion,
    string
  >;
}
