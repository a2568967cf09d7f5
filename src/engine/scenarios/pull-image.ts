import type { Operation } from '../../api/operation';
import { SandboxError, toSandboxError } from '../../base/errors';

/** Brings an image that is not here. */
export type PullImage = (image: string, operation: Operation) => Promise<void>;

/**
 * The same, of which what a scenario wants to the byte may be gone: tags move on, and registries clear out what has none.
 * `NotFound` says so.
 */
export async function pullWanted(pull: PullImage, image: string, operation: Operation): Promise<void> {
  try {
    await pull(image, operation);
  } catch (cause) {
    if (!image.includes('@') || toSandboxError(cause).code !== 'NotFound') throw cause;
    throw noneLeft(image, cause);
  }
}

/** An image that was wanted by its digest is not to be had any more. */
export function noneLeft(image: string, cause?: unknown): SandboxError {
  const [name = '', digest] = image.split('@');
  const why = `the scenario wants ${digest}, which is not here and which its registry does not have any more`;
  const message = `The image ${name} cannot be had as it was: ${why}. Write ${name} without the digest to take what it is now`;
  return new SandboxError('NotFound', message, { cause, details: { image } });
}
