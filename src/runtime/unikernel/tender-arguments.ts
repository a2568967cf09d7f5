import type { NicAttachment } from '../../api/network';
import type { UnikernelSpec } from '../../api/unikernel';
import { parseIpAddress, serializeIpAddress } from '../../formats/ip-address';

/**
 * What a module is given as arguments: its name, its addresses unless it asks for them by DHCP, and what its user
 * gave. The network's first address is its gateway and its resolver. `devices` names the network devices of the
 * manifest: the addresses of those after the first go by their names.
 */
export function tenderArguments(
  { name, args, addressing }: Pick<UnikernelSpec, 'name' | 'args' | 'addressing'>,
  devices: readonly string[],
  nics: readonly Pick<NicAttachment, 'address' | 'prefixLength'>[],
): readonly string[] {
  if (addressing === 'dhcp') return [name, ...args];
  const addresses = devices.flatMap((device, index) => {
    const nic = nics[index];
    if (!nic) return [];
    const address = `${nic.address}/${nic.prefixLength}`;
    if (index > 0) return [`--ipv4.${device}=${address}`];
    const gateway = gatewayOf(nic);
    return [`--ipv4=${address}`, `--gateway=${gateway}`, `--dns=${gateway}`];
  });
  return [name, ...addresses, `--hostname=${name}`, ...args];
}

/** The first address of the subnet. */
function gatewayOf({ address, prefixLength }: Pick<NicAttachment, 'address' | 'prefixLength'>): string {
  const bytes = parseIpAddress(address);
  const view = new DataView(bytes.buffer);
  const mask = prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
  view.setUint32(0, ((view.getUint32(0) & mask) | 1) >>> 0);
  return serializeIpAddress(bytes);
}
