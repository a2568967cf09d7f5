import { SandboxError } from '../../base/errors';
import type { AddInstruction, CopyInstruction } from '../../formats/dockerfile/instruction';
import type { StepOutcome } from '../../storage/builds/build-service';
import type { CopyTree, LooseFile } from '../../storage/builds/copy-request';
import { type BuildScene, diffIdsOf } from './build-scene';
import { type CopySpec, copySpec } from './copy-spec';
import { fetchSource } from './fetch-source';
import { type Owner, resolveOwner } from './resolve-owner';
import type { StageState } from './stage-state';
import type { StepKeys } from './step-keys';

/** Makes the layer of a COPY or ADD; `from` is what it takes its files from. */
export async function copyStep(
  scene: BuildScene,
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  from: CopyTree,
  keys: StepKeys,
): Promise<StepOutcome> {
  const spec = copySpec(instruction, state, scene.scope);
  const below = diffIdsOf(state.layers);
  const owner = await ownerOf(scene, state, spec);
  const latest = scene.options.sourceDateEpoch;
  return scene.store.copy(
    {
      below,
      from,
      sources: spec.paths,
      files: [...spec.heredocs.map(heredocFile), ...(await fetchedFiles(scene, spec))],
      destination: spec.destination,
      excludes: spec.excludes,
      parents: spec.parents,
      unpack: spec.unpack.paths,
      ...(owner && { owner }),
      ...(spec.mode !== undefined && { mode: spec.mode }),
      time: scene.time,
      ...(latest !== undefined && { latest }),
    },
    keys.ofFiles(),
  );
}

/** By the names that the stage has, and only where a name has to be looked up. */
async function ownerOf({ store }: BuildScene, state: StageState, { chown }: CopySpec): Promise<Owner | undefined> {
  if (chown === undefined) return undefined;
  const layers = diffIdsOf(state.layers);
  const [passwd = '', group = ''] = await Promise.all([
    store.readText(layers, 'etc/passwd'),
    store.readText(layers, 'etc/group'),
  ]);
  return resolveOwner(chown, passwd, group);
}

function heredocFile({ name, text }: CopySpec['heredocs'][number]): LooseFile {
  const bytes = new TextEncoder().encode(text);
  return { name, content: { bytes }, size: bytes.length, mode: 0o644 };
}

async function fetchedFiles(scene: BuildScene, spec: CopySpec): Promise<readonly LooseFile[]> {
  const files: LooseFile[] = [];
  for (const url of spec.urls) {
    const { bytes, name, mtime } = await fetchSource(scene.means.fetch, url, scene.operation);
    if (name === '' && spec.destination.endsWith('/')) {
      throw new SandboxError('InvalidArgument', `cannot determine filename for source ${url}`);
    }
    const { digest, size, unpacked } = await scene.store.takeFile(bytes, spec.unpack.urls);
    if (spec.checksum !== undefined && spec.checksum !== digest) {
      throw new SandboxError('DataLoss', `digest mismatch ${digest}: ${spec.checksum}`, { details: { url } });
    }
    files.push({
      name,
      content: { blob: digest },
      size,
      mode: 0o600,
      ...(mtime !== undefined && { mtime }),
      ...(unpacked && { unpacked }),
    });
  }
  return files;
}
