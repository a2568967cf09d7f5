import { decodeBase64 } from '../../../base/base64';
import { SandboxError } from '../../../base/errors';
import { chunksOf } from '../../../base/streams';
import { segment } from '../../engine/engine-client';
import { humanSize } from '../../format/units';
import { bool } from '../../grammar/flag';
import { type DockerContext, docker } from '../docker-context';
import { tarOf } from '../tar-files';
import { type CopyEnd, lastPart, meansContents, parentPart, parseCopyEnd } from './copy-paths';
import { extractTar } from './extract-tar';

type InContainer = CopyEnd & { readonly kind: 'container' };

interface PathStat {
  readonly name: string;
  readonly mode: number;
  readonly linkTarget: string;
}

/** Go's os.ModeDir and os.ModeSymlink. */
const folderBit = 2 ** 31;
const linkBit = 2 ** 27;

export const cp = docker({
  spellings: ['container cp', 'cp'],
  summary: 'Copy files/folders between a container and the local filesystem',
  description: [
    'Copy files/folders between a container and the local filesystem',
    '',
    "Use '-' as the source to read a tar archive from stdin",
    'and extract it to a directory destination in a container.',
    "Use '-' as the destination to stream a tar archive of a",
    'container source to stdout.',
  ].join('\n'),
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  args: { min: 2, max: 2 },
  completes: ['copy-end'],
  flags: {
    archive: bool('Archive mode (copy all uid/gid information)', { short: 'a' }),
    'follow-link': bool('Always follow symbol link in SRC_PATH', { short: 'L' }),
    quiet: bool(
      'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
      { short: 'q' },
    ),
  },
  async run({ args: [source = '', target = ''], flags }, context) {
    if (source === '') throw new Error('source can not be empty');
    if (target === '') throw new Error('destination can not be empty');
    const from = parseCopyEnd(source);
    const to = parseCopyEnd(target);
    if (from.kind === 'container' && to.kind === 'container') {
      throw new Error('copying between containers is not supported');
    }
    if (from.kind === 'container') await copyOut(context, from, to, flags);
    else if (to.kind === 'container') await copyIn(context, from, to, flags);
    else throw new Error('must specify at least one container source');
    return 0;
  },
});

interface CopyFlags {
  readonly archive: boolean;
  readonly 'follow-link': boolean;
  readonly quiet: boolean;
}

async function statOf({ engine }: DockerContext, { container, path }: InContainer): Promise<PathStat> {
  return statIn(await engine.call('HEAD', `/containers/${segment(container)}/archive`, { query: { path } }));
}

function statIn(answer: Response): PathStat {
  const encoded = answer.headers.get('X-Docker-Container-Path-Stat') ?? '';
  return JSON.parse(new TextDecoder().decode(decodeBase64(encoded)));
}

async function copyOut(
  context: DockerContext,
  from: InContainer,
  to: CopyEnd,
  { quiet, ...flags }: CopyFlags,
): Promise<void> {
  const { engine, io } = context;
  let { path } = from;
  if (flags['follow-link']) {
    const { mode, linkTarget } = await statOf(context, from);
    if (hasBit(mode, linkBit)) path = linkTarget.startsWith('/') ? linkTarget : `${parentPart(path)}/${linkTarget}`;
  }
  const answer = await engine.call('GET', `/containers/${segment(from.container)}/archive`, {
    query: { path },
    signal: io.signal,
  });
  if (!answer.body) return;
  if (to.kind === 'stream') {
    if (io.stdout.terminal) throw new Error('cowardly refusing to save to a terminal. Redirect it to a file');
    for await (const chunk of chunksOf(answer.body)) await io.stdout.write(chunk);
    return;
  }
  const target = to.kind === 'local' ? to.path : '';
  const there = await io.files.stat(target);
  const intoFolder = there?.kind === 'folder';
  if (!there && (await io.files.stat(parentPart(target)))?.kind !== 'folder') {
    throw new Error(`invalid output path: directory ${JSON.stringify(parentPart(target))} does not exist`);
  }
  const { name: top } = statIn(answer);
  // What is in a folder has no part of its own in front of its names, nor has what is in the root.
  const isOpen = top === '.' || top === '/';
  const name = path === from.path ? top : lastPart(from.path);
  const into = intoFolder && !isOpen ? `${target}/${name}` : target;
  const bytes = await extractTar(answer.body, io, (path) => {
    const inner = isOpen ? path.replace(/^\.$/, '') : path.split('/').slice(1).join('/');
    return inner === '' ? into : `${into}/${inner}`;
  });
  if (!quiet && io.stderr.terminal) {
    await io.stderr.write(`Successfully copied ${humanSize(bytes, 3)} to ${target}\n`);
  }
}

async function copyIn(context: DockerContext, from: CopyEnd, to: InContainer, flags: CopyFlags): Promise<void> {
  const { engine, io } = context;
  const path = `/containers/${segment(to.container)}/archive`;
  const put = (target: string, body: BodyInit): Promise<void> =>
    engine.done('PUT', path, {
      query: { path: target, noOverwriteDirNonDir: 'true', copyUIDGID: flags.archive },
      body,
      headers: { 'Content-Type': 'application/x-tar' },
      signal: io.signal,
    });
  if (from.kind === 'stream') return put(to.path, io.stdin);
  const source = from.kind === 'local' ? from.path : '';
  const stat = await io.files.stat(source);
  if (!stat) throw new Error(`lstat ${source}: no such file or directory`);
  const there = await statOf(context, to).catch((error) => {
    if (error instanceof SandboxError && error.code === 'NotFound') return undefined;
    throw error;
  });
  const folder = there !== undefined && hasBit(there.mode, folderBit);
  if (stat.kind === 'folder' && there && !folder) throw new Error('cannot copy directory');
  if (stat.kind === 'file' && !there && to.path.endsWith('/')) {
    throw new Error('destination directory must exist');
  }
  if (meansContents(source) && folder) await put(to.path, tarOf(io.files, source, stat));
  else {
    const as = folder ? lastPart(source) : lastPart(to.path);
    await put(folder ? to.path : parentPart(to.path), tarOf(io.files, source, stat, { as }));
  }
  if (!flags.quiet && io.stderr.terminal) {
    await io.stderr.write(`Successfully copied ${humanSize(stat.size, 3)} to ${to.container}:${to.path}\n`);
  }
}

/** Bits beyond the 31st, which the operators of JavaScript do not have. */
function hasBit(mode: number, bit: number): boolean {
  return Math.floor(mode / bit) % 2 === 1;
}
