import type { NetworkSpec } from '../../api/network';
import { SandboxError } from '../../base/errors';
import { checkNetwork } from '../../network/ipam';

/** The lab's name for a network of docker's, which may have capitals, dots and underscores. */
export function labName(name: string, taken: ReadonlySet<string>): string {
  const label =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 56)
      .replace(/-+$/, '') || 'network';
  if (!taken.has(label)) return label;
  let number = 2;
  while (taken.has(`${label}-${number}`)) number += 1;
  return `${label}-${number}`;
}

/** Docker's pools for networks without a subnet: 172.17 to 172.31, then sixteenths of 192.168. */
const pools = [
  ...Array.from({ length: 15 }, (_, at) => `172.${17 + at}.0.0/16`),
  ...Array.from({ length: 16 }, (_, at) => `192.168.${16 * at}.0/20`),
];

/** The first of them that overlaps nobody's. `ResourceExhausted` in docker's words. */
export function nextSubnet(existing: readonly NetworkSpec[]): string {
  const free = pools.find((subnet) => {
    try {
      checkNetwork(
        { name: 'n', subnet, mtu: 1500 },
        existing.filter(({ name }) => name !== 'n'),
      );
      return true;
    } catch {
      return false;
    }
  });
  if (free !== undefined) return free;
  const message = 'all predefined address pools have been fully subnetted';
  throw new SandboxError('ResourceExhausted', message);
}
