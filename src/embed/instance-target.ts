import type { Process } from '../api/instance';
import { type ErrorCode, SandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import type { Lab } from '../engine/lab';
import { type ExecResult, fileLimit } from '../sdk/protocol';
import { type CallTarget, linkLimit, outputLimit } from './call-target';
import { KeptOutput, keepOutput, tooLarge } from './kept-output';

/** What the scripts end with to say what was wrong: sysexits.h of BSD. */
const ends: Readonly<Record<number, ErrorCode>> = { 64: 'InvalidArgument', 66: 'NotFound' };

/** What they call is in busybox and in coreutils both. */
const scripts = {
  read: `if [ -d "$1" ]; then echo "$1 is no file" >&2; exit 64; fi
  if [ ! -e "$1" ]; then echo "No such file: $1" >&2; exit 66; fi
  exec cat -- "$1"`,
  // Links are followed here: where one leads to what is not there yet, busybox's `readlink -f` tells the wrong place. A file beside
  // it is written and takes its place, so that nobody sees half of it; it has the owner and the mode of what was there from before
  // anything is in it. The dot keeps a line break that ends a name.
  write: `refuse() { echo "$1" >&2; exit "$2"; }
  case $1 in /*) at=$1 ;; *) at=$PWD/$1 ;; esac
  left=${linkLimit}
  while [ -L "$at" ]; do
    [ "$((left -= 1))" -ge 0 ] || refuse "$1 is a ring of links" 64
    to=$(readlink -- "$at" && echo .) || exit 1
    to=\${to%??}
    case $to in /*) at=$to ;; *) at=\${at%/*}/$to ;; esac
  done
  case $at in */) refuse "$1 is no file" 64 ;; esac
  [ ! -e "$at" ] || [ -f "$at" ] || refuse "$1 is no file" 64
  [ -d "\${at%/*}/" ] || refuse "No such directory: \${at%/*}" 66
  new=$(mktemp "\${at%/*}/.strata-XXXXXX") || exit 1
  trap 'rm -f -- "$new"' EXIT
  if [ -e "$at" ]; then chown "$(stat -c %u:%g -- "$at")" "$new" && chmod "$(stat -c %a -- "$at")" "$new"
  else chmod 644 "$new"; fi && cat > "$new" && mv -fT -- "$new" "$at"`,
} as const;

/** An instance, of which the agent runs programs; its files are read and written by them. */
export function instanceTarget(lab: Pick<Lab, 'instance' | 'start' | 'stop'>, id: string): CallTarget {
  const start = (argv: readonly string[]) => lab.instance(id).exec({ argv });
  const startScript = (name: keyof typeof scripts, path: string) => start(['/bin/sh', '-c', scripts[name], 'sh', path]);
  return {
    async exec(argv, stdin): Promise<ExecResult> {
      const { code, stdout, stderr } = await finish(await start(argv), new TextEncoder().encode(stdin));
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    },
    async read(path) {
      const process = await startScript('read', path);
      const { code, stdout, stderr } = await finish(process, new Uint8Array(), keepFile(process));
      const content = stdout.bytes();
      if (content.length > fileLimit) throw tooLarge(path);
      check(code, stderr, `${path} cannot be read`);
      return content;
    },
    async write(path, content) {
      const { code, stderr } = await finish(await startScript('write', path), content);
      check(code, stderr, `${path} cannot be written`);
    },
    start: () => lab.start(id).finished,
    stop: () => lab.stop(id).finished,
  };
}

async function finish(process: Process, input: Uint8Array, keeping = keepOutput(process.stdout, outputLimit)) {
  const feed = async (): Promise<void> => {
    const writer = process.stdin.getWriter();
    if (input.length > 0) await writer.write(input);
    await writer.close();
  };
  const [stdout, stderr, code] = await Promise.all([
    keeping,
    keepOutput(process.stderr, outputLimit),
    process.exited,
    // A program that ends before it has read everything is no failure.
    feed().catch(() => {}),
  ]);
  return { stdout, stderr, code };
}

/** A byte more than a file may have tells that it has more. What says that much is ended: it may go on for ever. */
async function keepFile(process: Process): Promise<KeptOutput> {
  const kept = new KeptOutput(fileLimit + 1);
  for await (const part of chunksOf(process.stdout)) {
    kept.push(part);
    if (!kept.full) continue;
    process.kill('SIGKILL');
    break;
  }
  return kept;
}

function check(code: number, stderr: KeptOutput, otherwise: string): void {
  if (code === 0) return;
  throw new SandboxError(ends[code] ?? 'FailedPrecondition', stderr.text().trim() || otherwise);
}
