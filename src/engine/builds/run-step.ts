import type { BuildEvent, BuildMount, BuildRunner, BuildRunRequest } from '../../api/build';
import type { Digest } from '../../api/content-store';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import { InstructionProblem } from '../../formats/dockerfile/dockerfile-error';
import type { RunMount } from '../../formats/dockerfile/run-mount';
import type { StepOutcome } from '../../storage/builds/build-service';
import { type ContainerUser, resolveUser } from '../containers/container-user';
import { startFailure } from '../containers/start-failure';
import { type BuildScene, diffIdsOf } from './build-scene';
import { absolutePath } from './copy-spec';
import { mergeOutput } from './merge-output';
import type { RunSpec } from './run-spec';
import type { StageState } from './stage-state';
import type { StepKeys } from './step-keys';

/** Gives the layers of what a mount takes its files from; without a name those of the context. */
export type FindMountLayers = (from: string | undefined) => AsyncGenerator<BuildEvent, readonly Digest[], undefined>;

/** Runs the process of a RUN, unless what it came to is known. */
export async function* runStep(
  scene: BuildScene,
  state: StageState,
  spec: RunSpec,
  keys: StepKeys,
  findLayers: FindMountLayers,
): AsyncGenerator<BuildEvent, StepOutcome, undefined> {
  const { steps, store, options } = scene;
  const mounts: BuildMount[] = [];
  for (const mount of spec.mounts) {
    const resolved = yield* resolveMount(scene, mount, spec.cwd, findLayers);
    if (resolved) mounts.push(resolved);
  }
  if (spec.script) mounts.push(scriptMount(spec.script));
  const { user, home } = await userOf(scene, state, spec.user);
  const hasHome = spec.env.some((each) => each.startsWith('HOME='));
  const request: BuildRunRequest = {
    layers: diffIdsOf(state.layers),
    argv: spec.argv,
    env: hasHome ? spec.env : [...spec.env, `HOME=${home}`],
    cwd: spec.cwd,
    user,
    network: spec.network,
    mounts,
  };
  const key = await keys.ofRun(request);
  const known = keys.useCache ? await store.findRun(key) : undefined;
  if (known) return known;
  const secrets = secretVariables(scene, spec.mounts);
  const runner = requireRunner(scene, state);
  const { limits } = options;
  const own = { ...request, env: [...request.env, ...secrets], ...(limits && { limits }) };
  const run = await runner.run(own, scene.operation).catch((error: unknown) => {
    throw startFailure(toSandboxError(error)).error;
  });
  try {
    const step = steps.current ?? 0;
    yield { kind: 'running', step, name: run.name };
    for await (const piece of mergeOutput(run.stdout, run.stderr)) {
      yield { kind: 'log', step, ...piece, at: steps.elapsed };
    }
    const code = await run.exited;
    throwIfAborted(scene.operation.signal);
    if (code !== 0) throw commandFailed(spec.argv, code);
    return await store.takeChanges(await run.changes(), key, options.sourceDateEpoch);
  } finally {
    await run.dispose();
  }
}

/** By the names that the stage has. */
async function userOf({ store }: BuildScene, { layers }: StageState, user: string): Promise<ContainerUser> {
  const diffIds = diffIdsOf(layers);
  const [passwd = '', group = ''] = await Promise.all([
    store.readText(diffIds, 'etc/passwd'),
    store.readText(diffIds, 'etc/group'),
  ]);
  return resolveUser(user, { passwd, group }, []);
}

function requireRunner({ means }: BuildScene, { platform }: StageState): BuildRunner {
  if (platform.os !== 'linux' || platform.architecture !== '386') {
    const message = `RUN needs a machine of ${platform.os}/${platform.architecture}, and those here are of linux/386; FROM an image of that platform`;
    throw new SandboxError('FailedPrecondition', message);
  }
  if (means.runner) return means.runner;
  throw new SandboxError('Unimplemented', 'RUN needs a container host, and there is none here');
}

function commandFailed(argv: readonly string[], exitCode: number): SandboxError {
  const command = argv.join(' ');
  const message = `process "${command}" did not complete successfully: exit code: ${exitCode}`;
  return new SandboxError('FailedPrecondition', message, { details: { exitCode, command } });
}

function scriptMount({ path, text }: NonNullable<RunSpec['script']>): BuildMount {
  return { kind: 'file', bytes: new TextEncoder().encode(text), target: path, mode: 0o755, uid: 0, gid: 0 };
}

async function* resolveMount(
  scene: BuildScene,
  mount: RunMount,
  cwd: string,
  findLayers: FindMountLayers,
): AsyncGenerator<BuildEvent, BuildMount | undefined, undefined> {
  const { type, from, source, readOnly, mode, uid = 0, gid = 0, size } = mount;
  const target = mount.target === '' ? '' : absolutePath(cwd, mount.target).replace(/(.)\/$/, '$1');
  switch (type) {
    case 'bind': {
      const layers = yield* findLayers(from);
      const path = absolutePath('/', source);
      const open = (name: string) => scene.store.openTree(layers, path, name);
      return { kind: 'tree', layers, source: path, target, readOnly, open };
    }
    case 'tmpfs':
      return { kind: 'tmpfs', target, ...(size !== undefined && { size }) };
    case 'cache':
      if (from !== undefined) throw new InstructionProblem('a cache mount with "from" is not supported here', from);
      return { kind: 'cache', id: mount.id ?? target, target, readOnly, mode: mode ?? 0o755, uid, gid };
    case 'secret': {
      const id = secretId(mount);
      const bytes = secretOf(scene, id, mount.required);
      if (!bytes || (mount.env !== undefined && target === '')) return undefined;
      return { kind: 'file', bytes, target: target || `/run/secrets/${id}`, mode: mode ?? 0o400, uid, gid };
    }
  }
}

/** Those that are wanted as variables: they are in no key. */
function secretVariables(scene: BuildScene, mounts: readonly RunMount[]): readonly string[] {
  return mounts.flatMap((mount) => {
    if (mount.type !== 'secret' || mount.env === undefined) return [];
    const bytes = secretOf(scene, secretId(mount), mount.required);
    return bytes ? [`${mount.env || secretId(mount)}=${new TextDecoder().decode(bytes)}`] : [];
  });
}

function secretId({ id, source, target }: RunMount): string {
  return id ?? (source || (target.split('/').at(-1) ?? ''));
}

function secretOf({ options }: BuildScene, id: string, required: boolean): Uint8Array<ArrayBuffer> | undefined {
  const secrets = options.secrets ?? {};
  const found = Object.hasOwn(secrets, id) ? secrets[id] : undefined;
  if (!found && required) throw new SandboxError('NotFound', `secret ${id}: not found`);
  return found;
}
