import type { EngineContainers } from '../../api/container-engine';
import type { ContainerHost } from '../../api/container-host';
import type { Operation } from '../../api/operation';
import { SandboxError } from '../../base/errors';
import type { Images } from '../images';
import { committedConfig, overConfig } from './commit-config';
import type { ContainerEntry } from './container-book';
import type { Lifecycle } from './lifecycle';

export type CommitWish = NonNullable<Parameters<EngineContainers['commit']>[1]>;

export interface CommitOptions {
  readonly images: () => Promise<Pick<Images, 'commit'>>;
  readonly lifecycle: Lifecycle;
  readonly event: (entry: ContainerEntry, action: string, attributes: Readonly<Record<string, string>>) => void;
}

/** Makes an image of a container's files, which are at that host. It stands still meanwhile, if nobody minds. */
export async function commitContainer(
  entry: ContainerEntry,
  host: ContainerHost,
  options: CommitWish,
  { images, lifecycle, event }: CommitOptions,
  operation?: Operation,
): Promise<{ readonly Id: `sha256:${string}` }> {
  const { image, config, state } = entry.stored;
  const { reference, message, author, pause = true, changes = [] } = options;
  const run = committedConfig(overConfig(config, options.config), changes);
  const pauses = pause && state.status === 'running';
  if (pauses) await lifecycle.pause(entry);
  try {
    const loaded = await (await images()).commit(
      image.digest,
      await host.changesLayer(entry.id),
      {
        run,
        createdBy: (config.Cmd ?? []).join(' '),
        ...(reference !== undefined && { reference }),
        ...(message !== undefined && { message }),
        ...(author !== undefined && { author }),
      },
      operation,
    );
    event(entry, 'commit', { comment: message ?? '', imageID: loaded.id, imageRef: reference ?? '' });
    return { Id: loaded.id };
  } finally {
    if (pauses) await lifecycle.unpause(entry).catch(ignoreOver);
  }
}

/** It may have ended while it was paused. */
function ignoreOver(error: unknown): void {
  if (!(error instanceof SandboxError) || error.code !== 'FailedPrecondition') throw error;
}
