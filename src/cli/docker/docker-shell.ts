import type { ContainerSummary } from '../../api/container';
import type { ContainerVolume } from '../../api/container-volume';
import type { EngineApi } from '../../api/engine-api';
import type { Clock } from '../../base/clock';
import { EngineClient } from '../engine/engine-client';
import { completeCommand } from '../grammar/complete';
import type { CompletionKind } from '../grammar/flag';
import { runProgram } from '../run-program';
import type { ShellProgram } from '../shell/shell';
import { createCredentials } from './credentials';
import { dockerProgram } from './docker-program';
import type { ImageSummary } from './images/image-columns';
import { clientVersion } from './system/version';

/** The `docker` command of a shell, over an engine. */
export function dockerShell(api: EngineApi, clock: Clock): ShellProgram {
  const engine = new EngineClient(api);
  const credentials = createCredentials();
  return {
    name: 'docker',
    summary: 'Containers, images, volumes and networks',
    run: (words, io) =>
      runProgram(dockerProgram, words, { engine, io, clock, credentials }, `Docker version ${clientVersion}, Strata`),
    async complete(words, paths) {
      const completion = completeCommand(dockerProgram, words);
      if (completion.kind === 'words') return completion.words.map((word) => (word.endsWith('=') ? word : `${word} `));
      const { of, before, part } = completion;
      const files = of === 'file' || of === 'copy-end' ? await paths(part, before) : [];
      // What goes on with a path has no space behind it.
      const end = of === 'copy-end' || of === 'volume-mount' ? ':' : ' ';
      const names = await namesOf(engine, of);
      return [...names.filter((name) => name.startsWith(part)).map((name) => `${before}${name}${end}`), ...files];
    },
  };
}

/** Names that there are now, in the order of the alphabet. */
async function namesOf(engine: EngineClient, of: CompletionKind): Promise<readonly string[]> {
  if (of === 'container' || of === 'running-container' || of === 'copy-end') {
    const all = of !== 'running-container';
    const containers = await engine.json<readonly ContainerSummary[]>('GET', '/containers/json', { query: { all } });
    return containers.flatMap(({ Names }) => Names.map((name) => name.slice(1))).sort();
  }
  if (of === 'image') {
    const images = await engine.json<readonly ImageSummary[]>('GET', '/images/json');
    const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []);
    return [...new Set(tags.flatMap((tag) => [tag, ...(tag.endsWith(':latest') ? [tag.slice(0, -7)] : [])]))].sort();
  }
  if (of === 'network') {
    const networks = await engine.json<readonly { readonly Name: string }[]>('GET', '/networks');
    return networks.map(({ Name }) => Name).sort();
  }
  if (of === 'volume' || of === 'volume-mount') {
    const { Volumes } = await engine.json<{ readonly Volumes: readonly ContainerVolume[] | null }>('GET', '/volumes');
    return (Volumes ?? []).map(({ Name }) => Name).sort();
  }
  return [];
}
