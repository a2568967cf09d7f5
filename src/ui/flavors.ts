import { hostDraft } from '../engine/host-draft';
import type { InstanceDraft } from '../engine/instance-record';
import type { text } from './text';

/** A VM to be, without a name. */
export type VmDraft = Extract<InstanceDraft, { readonly kind: 'vm' }>;

/** A kind of VM that can be had by one click. */
export interface Flavor {
  readonly id: keyof typeof text.flavors;
  readonly draft: VmDraft;
}

const vm = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;

export const standardFlavor: Flavor = { id: 'standard', draft: vm };

/** In the order of the menu. */
export const flavors: readonly Flavor[] = [
  standardFlavor,
  { id: 'small', draft: { ...vm, memoryMiB: 32 } },
  { id: 'medium', draft: { ...vm, memoryMiB: 128 } },
  { id: 'large', draft: { ...vm, memoryMiB: 256 } },
  { id: 'containerHost', draft: hostDraft() },
  { id: 'emulated', draft: { ...vm, devices: 'emulated' } },
];
