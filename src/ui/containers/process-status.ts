import type { ContainerKernel } from '../../api/container-kernel';
import { allCapabilities } from '../../engine/containers/capabilities';

/** What a process is told of its own rights. */
export interface ProcessRights {
  readonly effective: readonly string[];
  readonly bounding: readonly string[];
  readonly seccomp: ContainerKernel['seccomp']['mode'];
  readonly noNewPrivileges: boolean;
}

const modes = ['disabled', 'strict', 'filter'] as const;

/** Out of `/proc/self/status` (man 5 proc). Undefined: it does not say. */
export function parseRights(status: string): ProcessRights | undefined {
  const value = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
  const [effective, bounding] = [value('CapEff'), value('CapBnd')];
  if (effective === undefined || bounding === undefined) return undefined;
  return {
    effective: capabilitiesIn(effective),
    bounding: capabilitiesIn(bounding),
    seccomp: modes[Number(value('Seccomp') ?? 0)] ?? 'disabled',
    noNewPrivileges: value('NoNewPrivs') === '1',
  };
}

function capabilitiesIn(hex: string): readonly string[] {
  const set = /^[0-9a-f]{1,16}$/i.test(hex) ? BigInt(`0x${hex}`) : 0n;
  return allCapabilities.filter((_, bit) => (set >> BigInt(bit)) & 1n);
}

/** Inode numbers by kind, of what `ls -l /proc/self/ns` prints. */
export function parseNamespaces(text: string): readonly { readonly kind: string; readonly inode: string }[] {
  return [...text.matchAll(/(\w+) -> '?\w+:\[(\d+)\]/g)].map(([, kind = '', inode = '']) => ({ kind, inode }));
}
