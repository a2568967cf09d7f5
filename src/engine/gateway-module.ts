import { SandboxError } from '../base/errors';
import type { ArtifactLoader } from './store-client';

/** What every network has, in the registry. */
export const gatewayReference = 'strata/unikernel-gateway:1';

/** The gateways' module from the registry, compiled. `NotFound` where the registry has none. */
export async function loadGatewayModule(loader: ArtifactLoader): Promise<WebAssembly.Module> {
  const bytes = await loader.load({ reference: gatewayReference, part: 0 });
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new SandboxError('DataLoss', `The gateways' module cannot be compiled: build the images again`, { cause });
  }
}
