import type { ContainerRoot } from '../../api/container-host';
import { isDigest } from '../../formats/digest';
import { isFields } from './runtime-protocol';

/** Of what a host has written down of a container's root (`root.json`); undefined when it is nothing of the kind. */
export function parseContainerRoot(text: string): ContainerRoot | undefined {
  try {
    const root: unknown = JSON.parse(text);
    if (!isFields(root) || !Array.isArray(root['layers']) || !root['layers'].every(isDigest)) return undefined;
    const { layers, writable, firstId } = root;
    return {
      layers,
      writable: writable === 'tmpfs' ? 'tmpfs' : 'disk',
      ...(typeof firstId === 'number' && { firstId }),
    };
  } catch {
    return undefined;
  }
}
