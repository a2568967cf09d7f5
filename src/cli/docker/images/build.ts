import type { JsonMessage } from '../../../api/engine-api';
import { IgnoreRules, parseDockerignore } from '../../../formats/dockerignore/ignore-rules';
import type { CommandIo } from '../../command-io';
import { bool, bytes, int, list, strings, text } from '../../grammar/flag';
import { parseUlimit } from '../containers/parse-ulimit';
import { docker } from '../docker-context';
import { labelsOf } from '../labels';
import { showProgress } from '../progress/show-progress';
import { tarOf } from '../tar-files';

export const build = docker({
  spellings: ['image build', 'build', 'builder build'],
  summary: 'Build an image from a Dockerfile',
  usage: '[OPTIONS] PATH | URL | -',
  args: { min: 1, max: 1 },
  completes: ['file'],
  flags: {
    'add-host': list('Add a custom host-to-IP mapping ("host:ip")'),
    'build-arg': list('Set build-time variables'),
    'cache-from': strings('Images to consider as cache sources'),
    'cgroup-parent': text('Set the parent cgroup for the "RUN" instructions during build'),
    compress: bool('Compress the build context using gzip'),
    'cpu-period': int('Limit the CPU CFS (Completely Fair Scheduler) period'),
    'cpu-quota': int('Limit the CPU CFS (Completely Fair Scheduler) quota'),
    'cpu-shares': int('CPU shares (relative weight)', { short: 'c' }),
    'cpuset-cpus': text('CPUs in which to allow execution (0-3, 0,1)'),
    'cpuset-mems': text('MEMs in which to allow execution (0-3, 0,1)'),
    'disable-content-trust': bool('Skip image verification', { initial: true }),
    file: text('Name of the Dockerfile (Default is "PATH/Dockerfile")', { short: 'f', completes: 'file' }),
    'force-rm': bool('Always remove intermediate containers'),
    iidfile: text('Write the image ID to the file', { completes: 'file' }),
    isolation: text('Container isolation technology', { refused: 'it is of Windows alone' }),
    label: list('Set metadata for an image'),
    memory: bytes('Memory limit', { short: 'm' }),
    'memory-swap': bytes('Swap limit equal to memory plus swap: -1 to enable unlimited swap'),
    network: text('Set the networking mode for the RUN instructions during build', { initial: 'default' }),
    'no-cache': bool('Do not use cache when building the image'),
    platform: text('Set platform if server is multi-platform capable'),
    pull: bool('Always attempt to pull a newer version of the image'),
    quiet: bool('Suppress the build output and print image ID on success', { short: 'q' }),
    rm: bool('Remove intermediate containers after a successful build', { initial: true }),
    'security-opt': strings('Security options'),
    'shm-size': bytes('Size of "/dev/shm"'),
    squash: bool('Squash newly built layers into a single new layer', { refused: 'layers are kept as they were made' }),
    tag: list('Name and optionally a tag in the "name:tag" format', { short: 't' }),
    target: text('Set the target build stage to build.'),
    ulimit: list('Ulimit options', { valueName: 'ulimit', shownDefault: '[]' }),
  },
  async run({ args: [context = ''], flags }, { engine, io }) {
    const source = await contextOf(io, context, flags.file);
    const messages = engine.lines<JsonMessage>('POST', '/build', {
      query: {
        dockerfile: source.dockerfile,
        remote: source.remote,
        t: flags.tag,
        buildargs: JSON.stringify(buildArguments(flags['build-arg'], io)),
        labels: JSON.stringify(labelsOf(flags.label)),
        cachefrom: flags['cache-from'].length > 0 ? JSON.stringify(flags['cache-from']) : undefined,
        cgroupparent: flags['cgroup-parent'] || undefined,
        cpuperiod: flags['cpu-period'],
        cpuquota: flags['cpu-quota'],
        cpushares: flags['cpu-shares'],
        cpusetcpus: flags['cpuset-cpus'] || undefined,
        cpusetmems: flags['cpuset-mems'] || undefined,
        extrahosts: flags['add-host'],
        forcerm: flags['force-rm'],
        memory: flags.memory,
        memswap: flags['memory-swap'],
        networkmode: flags.network,
        nocache: flags['no-cache'],
        platform: flags.platform || undefined,
        pull: flags.pull,
        rm: flags.rm,
        securityopt: flags['security-opt'],
        shmsize: flags['shm-size'],
        target: flags.target || undefined,
        ulimits: flags.ulimit.length > 0 ? JSON.stringify(flags.ulimit.map(parseUlimit)) : undefined,
      },
      ...(source.body && { body: source.body }),
      headers: { 'Content-Type': 'application/x-tar' },
      signal: io.signal,
    });
    let id = '';
    await showProgress(messages, io, {
      quiet: flags.quiet,
      onAux: (aux) => {
        if (typeof aux['ID'] === 'string') id = aux['ID'];
      },
    });
    if (flags.quiet) await io.stdout.write(`${id}\n`);
    if (flags.iidfile !== '') {
      const writer = (await io.files.write(flags.iidfile)).getWriter();
      await writer.write(new TextEncoder().encode(id));
      await writer.close();
    }
    return 0;
  },
});

interface ContextSource {
  readonly dockerfile?: string;
  readonly remote?: string;
  readonly body?: ReadableStream<Uint8Array>;
}

async function contextOf(io: CommandIo, context: string, file: string): Promise<ContextSource> {
  if (/^(https?|git):\/\//.test(context)) {
    return { remote: context, ...(file !== '' && { dockerfile: file }) };
  }
  // A tar on input, or a Dockerfile alone: the engine tells them apart.
  if (context === '-') return { body: io.stdin, ...(file !== '' && { dockerfile: file }) };
  const stat = await io.files.stat(context);
  if (stat?.kind !== 'folder') {
    throw new Error(`unable to prepare context: path ${JSON.stringify(context)} not found`);
  }
  const folder = context.replace(/\/+$/, '') || '/';
  const dockerfile = file === '' ? 'Dockerfile' : below(io.folder, folder, file);
  if (!(await io.files.stat(`${folder}/${dockerfile}`))) {
    const path = `${folder}/${dockerfile}`;
    throw new Error(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    );
  }
  const rules = await ignoreRules(io, folder, dockerfile);
  // These two are always sent; the engine leaves them out of what COPY sees.
  const always = new Set([dockerfile, '.dockerignore']);
  const excludes = (path: string): boolean => rules.ignores(path) && !always.has(path);
  return { dockerfile, body: tarOf(io.files, folder, stat, { excludes }) };
}

/** The Dockerfile's path within the context: it is given from the shell's folder or, as docker allows, from the context. */
function below(shellFolder: string, context: string, file: string): string {
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${shellFolder}/${path}`);
  const parts = (path: string): readonly string[] =>
    absolute(path)
      .split('/')
      .filter((each) => each !== '' && each !== '.');
  const top = parts(context);
  const own = parts(file);
  const inside = top.every((each, at) => own[at] === each);
  return inside ? own.slice(top.length).join('/') : file.replace(/^\.\//, '');
}

async function ignoreRules(io: CommandIo, folder: string, dockerfile: string): Promise<IgnoreRules> {
  for (const path of [`${folder}/${dockerfile}.dockerignore`, `${folder}/.dockerignore`]) {
    if (await io.files.stat(path)) return parseDockerignore(await new Response(await io.files.read(path)).text());
  }
  return new IgnoreRules([]);
}

/** `NAME=value`, or a name alone whose value the shell has; without one it is told as unset. */
function buildArguments(given: readonly string[], { variables }: CommandIo): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    given.map((each) => {
      const at = each.indexOf('=');
      return at < 0 ? [each, variables[each] ?? null] : [each.slice(0, at), each.slice(at + 1)];
    }),
  );
}
