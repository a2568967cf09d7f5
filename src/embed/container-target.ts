import type { ContainerEngine } from '../api/container-engine';
import type { ContainerPathStat } from '../api/container-host';
import { concatBytes } from '../base/bytes';
import { SandboxError, toSandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import { readArchiveEntries } from '../formats/archive-entries';
import { serializeTarEntry, tarEnd, tarPadding } from '../formats/tar/tar-writer';
import { type ExecResult, fileLimit } from '../sdk/protocol';
import { type CallTarget, linkLimit, outputLimit } from './call-target';
import { KeptOutput, tooLarge } from './kept-output';

const fileTypes = { mask: 0o170000, file: 0o100000, link: 0o120000 } as const;

/**
 * A container, by its name: `docker exec`, as the user that its image says, and `docker cp`, for which it need not run nor have
 * any program in it.
 */
export function containerTarget(engine: Pick<ContainerEngine, 'containers' | 'execs'>, name: string): CallTarget {
  const { containers } = engine;
  return {
    exec: (argv, stdin) => runProgram(engine, name, argv, stdin),
    async read(path) {
      const { at, stat } = await follow(engine, name, path);
      if (!stat) throw new SandboxError('NotFound', `Could not find the file ${path} in container ${name}`);
      if (!isFile(stat)) throw notAFile(name, path);
      if (stat.size > fileLimit) throw tooLarge(path);
      const { tar } = await containers.copyOut(name, at);
      for await (const { body } of readArchiveEntries(chunksOf(tar), { entries: 1, blobBytes: fileLimit })) {
        const content = new KeptOutput(fileLimit);
        for await (const part of body) content.push(part.slice());
        return content.bytes();
      }
      throw new SandboxError('NotFound', `Could not find the file ${path} in container ${name}`);
    },
    async write(path, content) {
      const { at, stat } = await follow(engine, name, path);
      const slash = at.lastIndexOf('/');
      const last = at.slice(slash + 1);
      if (last === '' || (stat && !isFile(stat))) throw notAFile(name, path);
      const tar = new Blob(tarOf(last, content, stat ? stat.mode & 0o7777 : 0o644)).stream();
      await containers.copyIn(name, at.slice(0, slash) || '/', tar);
    },
    start: async () => void (await containers.start(name)),
    stop: async () => void (await containers.stop(name)),
  };
}

async function runProgram(
  { execs }: Pick<ContainerEngine, 'execs'>,
  name: string,
  argv: readonly string[],
  stdin: string,
): Promise<ExecResult> {
  const body = { AttachStdin: stdin !== '', AttachStdout: true, AttachStderr: true, Cmd: argv };
  const { Id } = await execs.create(name, body);
  const { output, input } = await execs.start(Id, { detach: false });
  const feed = async (): Promise<void> => {
    const writer = input?.getWriter();
    await writer?.write(new TextEncoder().encode(stdin));
    await writer?.close();
  };
  const said = { stdout: new KeptOutput(outputLimit), stderr: new KeptOutput(outputLimit) };
  const listen = async (): Promise<void> => {
    for await (const { stream, bytes } of chunksOf(output)) said[stream].push(bytes);
  };
  // A program that ends before it has read everything is no failure, and nothing to wait for.
  feed().catch(() => {});
  await listen();
  const { ExitCode } = await execs.inspect(Id);
  return { code: ExitCode ?? 0, stdout: said.stdout.text(), stderr: said.stderr.text() };
}

/** Where a path leads, and what is there; of one that does not exist yet, where it would be. */
async function follow(
  { containers }: Pick<ContainerEngine, 'containers'>,
  name: string,
  path: string,
): Promise<{ readonly at: string; readonly stat?: ContainerPathStat }> {
  let at = path.startsWith('/') ? path : `/${path}`;
  for (let link = 0; link < linkLimit; link += 1) {
    const stat = await containers.statPath(name, at).catch((error: unknown) => {
      const { code, message } = toSandboxError(error);
      if (code === 'NotFound' && !message.startsWith('No such container')) return undefined;
      throw error;
    });
    if (!stat) return { at };
    if ((stat.mode & fileTypes.mask) !== fileTypes.link) return { at, stat };
    const target = stat.linkTarget;
    at = target.startsWith('/') ? target : `${at.slice(0, at.lastIndexOf('/'))}/${target}`;
  }
  throw new SandboxError('InvalidArgument', `${path} in container ${name} is a ring of links`);
}

function isFile({ mode }: ContainerPathStat): boolean {
  return (mode & fileTypes.mask) === fileTypes.file;
}

function notAFile(name: string, path: string): SandboxError {
  return new SandboxError('InvalidArgument', `${path} in container ${name} is no file`);
}

function tarOf(path: string, content: Uint8Array, mode: number): Uint8Array<ArrayBuffer>[] {
  const entry = {
    kind: 'file',
    path,
    target: '',
    mode,
    uid: 0,
    gid: 0,
    mtime: Math.floor(Date.now() / 1000),
    size: content.length,
    device: { major: 0, minor: 0 },
  } as const;
  return [serializeTarEntry(entry), concatBytes([content]), tarPadding(content.length), tarEnd];
}
