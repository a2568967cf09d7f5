import type { JsonMessage } from '../../../api/engine-api';
import type { CommandIo } from '../../command-io';
import { bool, bytes, int, list, strings, text } from '../../grammar/flag';
import { parseUlimit } from '../containers/parse-ulimit';
import { docker } from '../docker-context';
import { labelsOf } from '../labels';
import { showProgress } from '../progress/show-progress';
import { contextOf } from './build-context';
import { secretsHeader } from './build-secrets';

const progressKinds = ['auto', 'plain', 'quiet'];

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
    progress: text('Set type of progress output ("auto", "plain", "quiet")', {
      initial: 'auto',
      completes: progressKinds,
    }),
    pull: bool('Always attempt to pull a newer version of the image'),
    quiet: bool('Suppress the build output and print image ID on success', { short: 'q' }),
    rm: bool('Remove intermediate containers after a successful build', { initial: true }),
    secret: list('Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")', {
      valueName: 'stringArray',
    }),
    'security-opt': strings('Security options'),
    'shm-size': bytes('Size of "/dev/shm"'),
    squash: bool('Squash newly built layers into a single new layer', { refused: 'layers are kept as they were made' }),
    tag: list('Name and optionally a tag in the "name:tag" format', { short: 't' }),
    target: text('Set the target build stage to build.'),
    ulimit: list('Ulimit options', { valueName: 'ulimit', shownDefault: '[]' }),
  },
  async run({ args: [context = ''], flags }, { engine, io }) {
    const { isQuiet, isPlain } = telling(flags, io);
    const headers = await secretsHeader(flags.secret, io);
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
        progress: isPlain && 'plain',
        pull: flags.pull,
        rm: flags.rm,
        securityopt: flags['security-opt'],
        shmsize: flags['shm-size'],
        target: flags.target || undefined,
        ulimits: flags.ulimit.length > 0 ? JSON.stringify(flags.ulimit.map(parseUlimit)) : undefined,
      },
      ...(source.body && { body: source.body }),
      headers: { 'Content-Type': 'application/x-tar', ...headers },
      signal: io.signal,
    });
    let id = '';
    const onAux = (aux: Readonly<Record<string, unknown>>): void => {
      if (typeof aux['ID'] === 'string') id = aux['ID'];
    };
    // BuildKit tells how it goes on errors, so that output is free for what is asked for.
    await showProgress(messages, isPlain ? { stdout: io.stderr } : io, { quiet: isQuiet, onAux }).catch(
      (error: Error) => {
        throw isPlain ? new Error(`ERROR: ${error.message}`) : error;
      },
    );
    if (isQuiet) await io.stdout.write(`${id}\n`);
    if (flags.iidfile !== '') {
      const writer = (await io.files.write(flags.iidfile)).getWriter();
      await writer.write(new TextEncoder().encode(id));
      await writer.close();
    }
    return 0;
  },
});

/** How a build is told: as BuildKit does, or in the classic builder's steps where docker would do that, too. */
function telling(
  { quiet, progress }: { readonly quiet: boolean; readonly progress: string },
  { variables }: CommandIo,
): { readonly isQuiet: boolean; readonly isPlain: boolean } {
  if (!progressKinds.includes(progress)) throw new Error(`invalid progress type ${JSON.stringify(progress)}`);
  const isClassic = ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(variables['DOCKER_BUILDKIT'] ?? '');
  return { isQuiet: quiet || progress === 'quiet', isPlain: !isClassic };
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
