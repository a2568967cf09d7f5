import { toSandboxError } from '../base/errors';
import type { Images } from './images';

/** Whether an image of that name is here. */
export async function hasImage(images: Pick<Images, 'inspect'>, name: string): Promise<boolean> {
  try {
    await images.inspect(name);
    return true;
  } catch (error) {
    if (toSandboxError(error).code === 'NotFound') return false;
    throw error;
  }
}
