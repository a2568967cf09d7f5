import type { MacAddress } from '../../api/network';
import { parseMacAddress, serializeMacAddress } from '../mac-address';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

/** Values of the EtherType field that we look into. */
export const etherType = { ip4: 0x0800, arp: 0x0806, vlan: 0x8100, ip6: 0x86dd, serviceVlan: 0x88a8 } as const;

/** Where the EtherType is in an untagged frame, and how long the header is with it. */
export const etherTypeAt = 12;
export const ethernetBytes = 14;
export const vlanTagBytes = 4;

/** A VLAN tag (IEEE 802.1Q, 9.4 to 9.6). */
export interface VlanTag {
  /** 0x8100, or 0x88a8 for a service tag. */
  readonly type: typeof etherType.vlan | typeof etherType.serviceVlan;
  /** 0 to 7. */
  readonly priority: number;
  readonly dropEligible: boolean;
  /** 0 to 4095. */
  readonly id: number;
}

/** An Ethernet frame (IEEE 802.3, 3.1) without its check sequence. */
export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  /** Outermost first. */
  readonly tags: readonly VlanTag[];
  /** Below 0x0600 it is the length of what follows (IEEE 802.3, 3.2.6). */
  readonly etherType: number;
  /** With the padding of a short frame. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Whether what stands where an EtherType is expected begins a VLAN tag. */
export function isVlanTag(type: number): type is VlanTag['type'] {
  return type === etherType.vlan || type === etherType.serviceVlan;
}

/** `InvalidArgument` for what is too short. */
export function parseEthernet(bytes: Uint8Array): EthernetFrame {
  const reader = new PacketReader(bytes, 'an Ethernet frame');
  const destination = serializeMacAddress(reader.bytes(6));
  const source = serializeMacAddress(reader.bytes(6));
  const tags: VlanTag[] = [];
  let type = reader.u16();
  while (isVlanTag(type)) {
    const control = reader.u16();
    tags.push({ type, priority: control >> 13, dropEligible: (control & 0x1000) !== 0, id: control & 0xfff });
    type = reader.u16();
  }
  return { destination, source, tags, etherType: type, payload: reader.rest() };
}

/** Adds no padding: that is for whoever puts it on a real cable. */
export function serializeEthernet(frame: EthernetFrame): Uint8Array<ArrayBuffer> {
  const writer = new PacketWriter().bytes(parseMacAddress(frame.destination)).bytes(parseMacAddress(frame.source));
  for (const { type, priority, dropEligible, id } of frame.tags) {
    writer.u16(type).u16((priority << 13) | (dropEligible ? 0x1000 : 0) | id);
  }
  return writer.u16(frame.etherType).bytes(frame.payload).finish();
}
