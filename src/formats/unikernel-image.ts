import type { Platform } from '../api/image';
import type { UnikernelVariant } from '../api/unikernel';
import { annotations, type Descriptor, type Manifest, mediaTypes } from './oci';

/** What a unikernel runs on: the calls of docs/ABI.md, which are Solo5's, in WebAssembly. */
export const unikernelPlatform: Platform = { os: 'solo5', architecture: 'wasm' };

/** How the asyncify build of a module is titled in its artifact. */
const asyncifySuffix = '.asyncify.wasm';

/** Whether a manifest, or what its descriptor says of it, is a unikernel's. */
export function isUnikernel(manifest: Pick<Manifest, 'artifactType'>, descriptor?: Descriptor): boolean {
  return (manifest.artifactType ?? descriptor?.artifactType) === mediaTypes.unikernel;
}

/** Which of the layers is which build of the module. */
export function unikernelPart({ layers }: Pick<Manifest, 'layers'>, variant: UnikernelVariant): number {
  return layers.findIndex((layer) => titleOf(layer).endsWith(asyncifySuffix) === (variant === 'asyncify'));
}

/** The name of the file that a layer was: `httpd.wasm`. */
export function titleOf({ annotations: given }: Descriptor): string {
  return given?.[annotations.title] ?? '';
}
