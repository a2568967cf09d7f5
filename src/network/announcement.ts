import type { MacAddress, Station } from '../api/network';
import { arpOperation, serializeArp } from '../formats/wire/arp';
import { etherType, serializeEthernet } from '../formats/wire/ethernet';

const [everybody, nobody] = ['ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'] as const;

/**
 * An ARP announcement (RFC 5227, 3): whoever remembers the address under another MAC learns of this one, and nobody has
 * to answer. `source` is who sends it, which no receiver holds against the message.
 */
export function serializeAnnouncement({ mac, address }: Station, source: MacAddress = mac): Uint8Array<ArrayBuffer> {
  const payload = serializeArp({
    operation: arpOperation.request,
    senderMac: mac,
    senderAddress: address,
    targetMac: nobody,
    targetAddress: address,
  });
  return serializeEthernet({ destination: everybody, source, tags: [], etherType: etherType.arp, payload });
}
