import type { Operation } from '../api/operation';
import { throwIfAborted } from '../base/errors';
import { callback, type Remote } from '../rpc/control';
import type { Artifact } from '../storage/artifact-source';
import type { LoadRequest, StoreService } from '../storage/store-service';

/** Where artifacts come from, in this thread or another. */
export interface ArtifactLoader {
  resolve(reference: string): Promise<Artifact>;
  /** The verified bytes, the caller's own. */
  load(request: Omit<LoadRequest, 'task'>, operation?: Operation): Promise<ArrayBuffer>;
}

/** The store in its worker, as seen from here: signals and progress cross the boundary. */
export function createStoreClient(remote: Remote<StoreService>): ArtifactLoader {
  let lastTask = 0;
  return {
    resolve: (reference) => remote.resolve(reference),
    async load(request, { signal, onProgress } = {}) {
      throwIfAborted(signal);
      lastTask += 1;
      const task = `load-${lastTask}`;
      const cancel = (): void => void remote.cancel(task).catch(() => {});
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        return await remote.loadArtifact({ ...request, task }, ...(onProgress ? [callback(onProgress)] : []));
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
  };
}
