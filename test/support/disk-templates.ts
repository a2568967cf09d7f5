import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { putDisks } from '../../images/artifacts';
import { buildDisks } from '../../images/disks/build';
import { OciLayout } from '../../images/lib/oci-layout';
import { findProgram } from '../../scripts/lib/judges.mjs';
import type { ArtifactLoader } from '../../src/engine/store-client';
import { StoreService } from '../../src/storage/store-service';

/** Whether file systems can be made and looked at here. */
export const hasFileSystemTools = ['mke2fs', 'e2fsck', 'tar', 'zstd'].every((name) => findProgram(name) !== undefined);

export interface TemplateRegistry {
  readonly loader: ArtifactLoader;
  dispose(): Promise<void>;
}

/** A registry of empty file systems as `images/disks` makes them, read through a real store. */
export async function openTemplateRegistry(sizesMiB: readonly number[]): Promise<TemplateRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-templates-'));
  const layout = new OciLayout(directory);
  putDisks(layout, await buildDisks(sizesMiB));
  layout.finish();
  const store = new StoreService({
    fetch: async (url) => new Response(new Uint8Array(await readFile(fileURLToPath(String(url))))),
  });
  await store.open(`${pathToFileURL(directory).href}/`);
  return {
    loader: {
      resolve: (reference) => store.resolve(reference),
      load: (request, { onProgress } = {}) => store.loadArtifact(request, onProgress),
    },
    async dispose() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}
