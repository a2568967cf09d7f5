import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeEngine, openNodeEngine } from '../../src/bridge/node-engine-node';
import type { ArtifactLoader } from '../../src/engine/store-client';
import { openHostPrograms } from './container-lab';
import { openTemplateRegistry } from './disk-templates';

export interface DockerEngine extends AsyncDisposable {
  readonly engine: NodeEngine;
  /** Path of its socket. */
  readonly socket: string;
  /** A folder for what the test and its clients keep. */
  readonly folder: string;
}

const hostDiskMiB = 256;

/** The engine as `npm run engine` starts it, on a socket of its own, with the programs of hosts as they were built last. */
export async function openDockerEngine(): Promise<DockerEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-engine-'));
  await mkdir(join(folder, 'client'));
  const programs = await openHostPrograms();
  const templates = await openTemplateRegistry([hostDiskMiB]);
  const socket = join(folder, 'engine.sock');
  const engine = await openNodeEngine({
    registry: new URL('../../public/registry/', import.meta.url),
    memoryBudgetMiB: 2048,
    containerHosts: { diskMiB: hostDiskMiB, warmUpRuns: 0 },
    listen: [{ kind: 'unix', path: socket }],
    artifacts: (stored) => chooseLoader(stored, programs.artifacts, templates.loader),
  });
  return {
    engine,
    socket,
    folder,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await templates.dispose();
      await programs.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function chooseLoader(stored: ArtifactLoader, programs: ArtifactLoader, templates: ArtifactLoader): ArtifactLoader {
  const of = (reference: string): ArtifactLoader => {
    if (reference.startsWith('strata/oci-runtime:')) return programs;
    return reference.startsWith('strata/disk:') ? templates : stored;
  };
  return {
    resolve: (reference) => of(reference).resolve(reference),
    load: (request, operation) => of(request.reference).load(request, operation),
  };
}
