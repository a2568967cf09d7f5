import { SandboxError } from '../base/errors';
import type { ArtifactLoader } from './store-client';

const reference = 'strata/unikernel-gateway:1';

/** The gateways' module from the registry, compiled. `NotFound` where the registry has none. */
export async function loadGatewayModule(loader: ArtifactLoader): Promise<WebAssembly.Module> {
  const bytes = await loader.load({ reference, part: 0 });
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new SandboxError('DataLoss', `The gateways' module cannot be compiled: build the images again`, { cause });
  }
}
