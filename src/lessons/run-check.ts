import type { Process } from '../api/instance';
import type { Clock } from '../base/clock';
import { toSandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import { withTimeout } from '../base/timeout';
import type {
  CommandCheck,
  ContainerCheck,
  HttpCheck,
  ImageCheck,
  InstanceCheck,
  LessonCheck,
  PacketCheck,
} from '../formats/lesson/lesson';
import type { LessonLab } from './lesson-lab';

/** Bytes of a check's output that are looked at; one that writes more is ended. */
const outputLimit = 64 * 1024;

/** Characters of an output that are shown of a check that does not pass. */
const shownLimit = 200;

/** What came of one attempt. */
export type CheckOutcome = { readonly passed: true } | { readonly passed: false; readonly missing: string };

const passed: CheckOutcome = { passed: true };
const missing = (why: string): CheckOutcome => ({ passed: false, missing: why });

/** Looks once. Never rejects, and ends in the check's own time: what it has begun is ended then. */
export async function runCheck(
  check: LessonCheck,
  lab: LessonLab,
  clock: Clock,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const own = new AbortController();
  const abort = (): void => own.abort();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    const over = `It took longer than ${check.within} s`;
    return await withTimeout(
      clock,
      check.within * 1000,
      over,
      Promise.race([look(check, lab, own.signal), ended(own.signal)]),
    );
  } catch (error) {
    return missing(toSandboxError(error).message);
  } finally {
    signal.removeEventListener('abort', abort);
    own.abort();
  }
}

function ended(signal: AbortSignal): Promise<CheckOutcome> {
  return new Promise((resolve) => {
    const end = (): void => resolve(missing('It was not looked at to the end'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function look(check: LessonCheck, lab: LessonLab, signal: AbortSignal): Promise<CheckOutcome> {
  switch (check.kind) {
    case 'command':
      return lookAtCommand(check, lab, signal);
    case 'http':
      return lookAtHttp(check, lab, signal);
    case 'instance':
      return lookAtInstance(check, lab);
    case 'container':
      return lookAtContainer(check, lab);
    case 'image':
      return lookAtImage(check, lab);
    case 'packet':
      return lookAtPacket(check, lab);
  }
}

async function lookAtCommand(check: CommandCheck, lab: LessonLab, signal: AbortSignal): Promise<CheckOutcome> {
  const process = await lab.exec(check.in, { argv: ['/bin/sh', '-c', `exec 2>&1\n${check.run}`] }, check.within);
  const kill = (): void => process.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  // It is told by the exit code whether somebody has read it.
  process.stdin.close().catch(() => {});
  const [text, code] = await Promise.all([outputOf(process), process.exited]).finally(() =>
    signal.removeEventListener('abort', kill),
  );
  if (code !== check.exit) {
    const wanted = check.exit === 0 ? '' : ` instead of ${check.exit}`;
    return missing(said(text) ?? `The check ended with ${code}${wanted}`);
  }
  if (check.output === undefined || text.includes(check.output.trim())) return passed;
  return missing(said(text) ?? 'Nothing was printed');
}

async function lookAtHttp(check: HttpCheck, lab: LessonLab, signal: AbortSignal): Promise<CheckOutcome> {
  const { instance, port, path, status, body } = check;
  const seen = await lab.get(instance, port, path, signal);
  if (seen.status !== status)
    return missing(`${instance}:${port}${path} answers with ${seen.status} instead of ${status}`);
  if (body === undefined || seen.body.includes(body.trim())) return passed;
  return missing(`${instance}:${port}${path} answers something else: ${said(seen.body) ?? 'nothing'}`);
}

async function lookAtInstance({ instance, phase }: InstanceCheck, lab: LessonLab): Promise<CheckOutcome> {
  const found = lab.phaseOf(instance);
  if (found === phase) return passed;
  return missing(found === undefined ? `There is no ${instance}` : `${instance} is ${found}, not ${phase}`);
}

async function lookAtContainer({ container, status, exit }: ContainerCheck, lab: LessonLab): Promise<CheckOutcome> {
  const found = (await lab.containers()).find(({ name }) => name === container);
  if (status === 'removed') return found ? missing(`${container} is there, ${found.status}`) : passed;
  if (!found) return missing(`There is no container ${container}`);
  if (found.status !== status) return missing(`${container} is ${found.status}, not ${status}`);
  if (exit === undefined || found.exit === exit) return passed;
  return missing(`${container} ended with ${found.exit ?? 'a code that is not known'} instead of ${exit}`);
}

async function lookAtImage({ image }: ImageCheck, lab: LessonLab): Promise<CheckOutcome> {
  return (await lab.hasImage(image)) ? passed : missing(`There is no image ${image}`);
}

async function lookAtPacket(check: PacketCheck, lab: LessonLab): Promise<CheckOutcome> {
  const { protocol, from, to, port, network } = check;
  if ((await lab.packets(check)) > 0) return passed;
  const ends = `${from === undefined ? '' : ` from ${from}`}${to === undefined ? '' : ` to ${to}`}${port === undefined ? '' : `, port ${port}`}`;
  return missing(`No ${protocol} frame${ends} was seen on ${network} yet`);
}

/** All of it, up to the limit; then its program is ended. */
async function outputOf(process: Process): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunksOf(process.stdout)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length < outputLimit) continue;
    process.kill('SIGKILL');
    break;
  }
  return text;
}

/** The last line, fit to be shown. */
function said(text: string): string | undefined {
  const last =
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/\p{Cc}/gu, ' ')
      .trim() ?? '';
  return last === '' ? undefined : last.slice(0, shownLimit);
}
