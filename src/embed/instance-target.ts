import type { Instance } from '../api/instance';
import { SandboxError } from '../base/errors';
import type { Lab } from '../engine/lab';
import type { ExecResult } from '../sdk/protocol';
import { type CallTarget, fileLimit, outputLimit } from './call-target';
import { keepOutput, tooLarge } from './kept-output';

/** A file's neighbour is written and takes its place, so that nobody sees half of it. */
const writeScript = 'cat > "$1.strata-new" && mv -f "$1.strata-new" "$1"';

/** An instance, of which the agent runs programs; its files are read and written by them. */
export function instanceTarget(lab: Pick<Lab, 'instance' | 'start' | 'stop'>, id: string): CallTarget {
  const run = (argv: readonly string[], input: Uint8Array, limit = outputLimit) =>
    runProgram(lab.instance(id), argv, input, limit);
  return {
    async exec(argv, stdin): Promise<ExecResult> {
      const { code, stdout, stderr } = await run(argv, new TextEncoder().encode(stdin));
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    },
    async read(path) {
      const { code, stdout, stderr } = await run(['cat', '--', path], new Uint8Array(), fileLimit + 1);
      if (code !== 0) throw new SandboxError('NotFound', stderr.text().trim() || `${path} cannot be read`);
      const content = stdout.bytes();
      if (content.length > fileLimit) throw tooLarge(path);
      return content;
    },
    async write(path, content) {
      const { code, stderr } = await run(['/bin/sh', '-c', writeScript, 'sh', path], content);
      if (code === 0) return;
      throw new SandboxError('FailedPrecondition', stderr.text().trim() || `${path} cannot be written`);
    },
    start: () => lab.start(id).finished,
    stop: () => lab.stop(id).finished,
  };
}

async function runProgram(instance: Instance, argv: readonly string[], input: Uint8Array, limit: number) {
  const process = await instance.exec({ argv });
  const feed = async (): Promise<void> => {
    const writer = process.stdin.getWriter();
    if (input.length > 0) await writer.write(input);
    await writer.close();
  };
  const [stdout, stderr, code] = await Promise.all([
    keepOutput(process.stdout, limit),
    keepOutput(process.stderr, outputLimit),
    process.exited,
    // A program that ends before it has read everything is no failure.
    feed().catch(() => {}),
  ]);
  return { stdout, stderr, code };
}
