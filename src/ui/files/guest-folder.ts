import type { ExecSpec, Process } from '../../api/instance';
import type { FolderEntry, FolderEntryKind } from '../../api/shared-folder';
import { type ErrorCode, SandboxError, throwIfAborted } from '../../base/errors';
import { Emitter } from '../../base/events';
import { randomId } from '../../storage/random-id';
import { fileText } from '../text/files';
import type { EditableFolder } from './editable-folder';
import { joinPath, parentPath } from './file-rows';

/** Files of one directory that are listed; a page has no use for more. */
export const entryLimit = 5000;

/** What runs programs in the guest. */
export type GuestPrograms = (spec: ExecSpec) => Promise<Process>;

/** What the scripts end with to say what is wrong with the last of their paths: errno(3) of Linux. */
const errnos: Readonly<Record<number, readonly [ErrorCode, (path: string) => string]>> = {
  17: ['AlreadyExists', fileText.nameTaken],
  21: ['InvalidArgument', fileText.isFolder],
};

/** Says a link and where it leads to. Names have no slash in them, and of a target one line is told. */
const tellLink = `nl='
'
  tell() { target=$(readlink -- "$1"); printf 'l %s/%s\\n' "\${1##*/}" "\${target%%"$nl"*}"; }`;

/**
 * Each gets its paths as arguments. What `stat` and `find` are asked for is what busybox and coreutils both have. A link is
 * shown as one, with where it leads to.
 */
const scripts = {
  list: `${tellLink}
  cd -- "$1" && {
    find . -maxdepth 1 -mindepth 1 ! -name "*$nl*" ! -type l -exec stat -c '%f %s %Y %u %g %n' {} +
    find . -maxdepth 1 -mindepth 1 ! -name "*$nl*" -type l | while IFS= read -r link; do tell "$link"; done
  } | head -n ${entryLimit + 1}`,
  find: `${tellLink}
  if [ -L "$1" ]; then tell "$1"; elif [ -e "$1" ]; then stat -c '%f %s %Y %u %g %n' -- "$1"; fi`,
  // Refused here already, since what cat says then comes after the first bytes.
  read: `[ -f "$1" ] || { echo "No such file: $1" >&2; exit 1; }; exec cat -- "$1"`,
  // Into a file beside it, with the rights and the owner that the file has.
  fill: `[ ! -d "$2" ] || exit 21; { [ ! -f "$2" ] || cp -p -- "$2" "$1"; } && cat > "$1"`,
  replace: 'mv -fT -- "$1" "$2"',
  makeDirectory: 'mkdir -p -- "$1"',
  rename: `if [ -e "$2" ] || [ -L "$2" ]; then exit 17; fi; mv -T -- "$1" "$2"`,
  remove: 'rm -rf -- "$1"',
} as const;

/** Types of files: the bits of a mode above the lowest twelve (inode(7)). */
const fileTypes: Readonly<Record<number, FolderEntryKind>> = { 4: 'directory', 8: 'file', 10: 'symlink' };

/** The files of a running guest, by programs in it: `Unavailable` where it does not have those, or what they say. */
export class GuestFolder implements EditableFolder {
  readonly #exec: GuestPrograms;
  readonly #changes = new Emitter<readonly string[]>();

  constructor(exec: GuestPrograms) {
    this.#exec = exec;
  }

  readonly changes = this.#changes.event;

  /** `ResourceExhausted` for a directory with more than {@link entryLimit} files. */
  async list(path: string): Promise<readonly FolderEntry[]> {
    const entries = parseEntries(await this.#run('list', [path]));
    if (entries.length > entryLimit) {
      throw new SandboxError('ResourceExhausted', fileText.tooMany(path, entryLimit));
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async find(path: string): Promise<FolderEntry | undefined> {
    return parseEntries(await this.#run('find', [path]))[0];
  }

  /** The stream fails with what the guest said when it could not be read. */
  async read(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const process = await this.#start('read', [path]);
    await process.stdin.close();
    const problem = new Response(process.stderr).text();
    const checked = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      flush: async () => check(await process.exited, await problem, path),
    });
    return process.stdout.pipeThrough(checked);
  }

  /** `InvalidArgument` where there is a directory. */
  async write(
    path: string,
    content: ReadableStream<Uint8Array> | Uint8Array,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const part = joinPath(parentPath(path), `.strata-part-${randomId()}`);
    try {
      await this.#fill(path, part, content instanceof Uint8Array ? streamOf(content) : content, signal);
      throwIfAborted(signal);
      // By a program of its own, so that nothing but a whole file ever comes here.
      await this.#run('replace', [part, path]);
    } catch (error) {
      // The guest may have gone, and its files with it.
      await this.#run('remove', [part]).catch(() => {});
      throw error;
    }
    this.#changed(path);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#run('makeDirectory', [path]);
    this.#changed(path);
  }

  /** `AlreadyExists` where there is something of the new name. */
  async rename(from: string, to: string): Promise<void> {
    await this.#run('rename', [from, to]);
    this.#changed(from, to);
  }

  async remove(path: string): Promise<void> {
    await this.#run('remove', [path]);
    this.#changed(path);
  }

  async #fill(path: string, part: string, content: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<void> {
    const process = await this.#start('fill', [part, path]);
    const [output, problem] = [new Response(process.stdout).text(), new Response(process.stderr).text()];
    try {
      await content.pipeTo(process.stdin, { preventAbort: true, ...(signal && { signal }) });
    } catch (error) {
      // Before its input ends: what it has is not all.
      process.kill('SIGKILL');
      await process.stdin.abort(error).catch(() => {});
      const code = await process.exited.catch(() => 1);
      const said = await problem;
      if (said !== '' || errnos[code]) check(code, said, path);
      throw error;
    }
    await output;
    check(await process.exited, await problem, path);
  }

  #changed(...paths: readonly string[]): void {
    this.#changes.fire(paths.map(parentPath));
  }

  async #run(script: keyof typeof scripts, paths: readonly string[]): Promise<string> {
    const process = await this.#start(script, paths);
    await process.stdin.close();
    const [output, problem, code] = await Promise.all([
      new Response(process.stdout).text(),
      new Response(process.stderr).text(),
      process.exited,
    ]);
    check(code, problem, paths.at(-1) ?? '');
    return output;
  }

  #start(script: keyof typeof scripts, paths: readonly string[]): Promise<Process> {
    return this.#exec({ argv: ['/bin/sh', '-c', scripts[script], 'sh', ...paths] });
  }
}

function check(code: number, problem: string, path: string): void {
  if (code === 0) return;
  const [known, says] = errnos[code] ?? [];
  if (known && says) throw new SandboxError(known, says(path));
  throw new SandboxError('Unavailable', problem.trim() || fileText.shellEnded(code));
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

/**
 * Lines of the scripts as files. Names that lines of text cannot tell are left out: those with a line break, by the
 * scripts, and those that are not UTF-8, which nobody could ask for either.
 */
export function parseEntries(output: string): FolderEntry[] {
  // By name: what takes another's place while a directory is read is told twice.
  const entries = new Map<string, FolderEntry>();
  for (const line of output.split('\n')) {
    if (line.includes('\uFFFD')) continue;
    const link = /^l ([^/]+)\/(.*)$/.exec(line);
    const file = /^([0-9a-f]+) (\d+) (-?\d+) (\d+) (\d+) (.+)$/.exec(line);
    if (link) {
      const [, name = '', target = ''] = link;
      entries.set(name, { name, kind: 'symlink', size: 0, mode: 0o777, uid: 0, gid: 0, modified: noTime, target });
    } else if (file) {
      const [, mode = '', size, seconds, uid, gid, path = ''] = file;
      const bits = Number.parseInt(mode, 16);
      const name = path.slice(path.lastIndexOf('/') + 1);
      entries.set(name, {
        name,
        kind: fileTypes[bits >> 12] ?? 'other',
        size: Number(size),
        mode: bits & 0o7777,
        uid: Number(uid),
        gid: Number(gid),
        modified: { seconds: Number(seconds), nanoseconds: 0 },
      });
    }
  }
  return [...entries.values()];
}

const noTime = { seconds: 0, nanoseconds: 0 } as const;
