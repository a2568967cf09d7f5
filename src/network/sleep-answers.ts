import type { PortSpec } from '../api/network';
import type { SlabReader } from '../formats/frame-slab';
import { addressText } from '../formats/ip-address';
import { serializeMacAddress } from '../formats/mac-address';
import { arpOperation, serializeArp } from '../formats/wire/arp';
import { ethernetBytes, etherType, serializeEthernet } from '../formats/wire/ethernet';
import { ipProtocol, serializeIpv4 } from '../formats/wire/ipv4';
import { serializeTcp, tcpFlag } from '../formats/wire/tcp';
import type { FrameInfo } from './frame-info';
import { viewIp4, viewTcp } from './ip4-view';

/** What an ARP message for Ethernet and IPv4 has where, from its start (RFC 826). */
const arp = { operation: 6, senderMac: 8, senderAddress: 14, targetAddress: 24, bytes: 28 } as const;

/** The address that an ARP request asks for, as a number; undefined for anything else. */
export function addressAskedFor(info: FrameInfo, { view, frameEnd }: SlabReader): number | undefined {
  const { packetStart: packet } = info;
  if (info.etherType !== etherType.arp || info.tags > 0 || packet + arp.bytes > frameEnd) return undefined;
  if (view.getUint16(packet + arp.operation) !== arpOperation.request) return undefined;
  return view.getUint32(packet + arp.targetAddress);
}

/** What a station that sleeps would say to an ARP request for its address. */
export function arpAnswer({ mac = '', address = '' }: PortSpec, request: SlabReader): Uint8Array<ArrayBuffer> {
  const packet = request.frameStart + ethernetBytes;
  const senderMac = packet + arp.senderMac;
  const asker = serializeMacAddress(request.bytes.subarray(senderMac, senderMac + 6));
  const askerAddress = addressText(request.view.getUint32(packet + arp.senderAddress));
  const payload = serializeArp({
    operation: arpOperation.reply,
    senderMac: mac,
    senderAddress: address,
    targetMac: asker,
    targetAddress: askerAddress,
  });
  return serializeEthernet({ destination: asker, source: mac, tags: [], etherType: etherType.arp, payload });
}

const timeToLive = 64;

/** What a host says to a new connection for a port at which nobody listens (RFC 9293, 3.10.7.1); to nothing else. */
export function refusal(info: FrameInfo, frame: SlabReader): Uint8Array<ArrayBuffer> | undefined {
  const packet = viewIp4(info, frame);
  const segment = packet?.protocol === ipProtocol.tcp ? viewTcp(packet) : undefined;
  if (!packet || !segment) return undefined;
  const { flags, sequence, payloadBytes } = segment;
  if ((flags & (tcpFlag.syn | tcpFlag.ack | tcpFlag.rst)) !== tcpFlag.syn) return undefined;
  const [source, destination] = [addressText(packet.destination), addressText(packet.source)];
  const reset = {
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    sequence: 0,
    acknowledgment: (sequence + 1 + payloadBytes) >>> 0,
    flags: tcpFlag.rst | tcpFlag.ack,
    window: 0,
    urgentPointer: 0,
    options: [],
    payload: new Uint8Array(0),
  };
  const payload = serializeIpv4({
    trafficClass: 0,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive,
    protocol: ipProtocol.tcp,
    source,
    destination,
    options: [],
    payload: serializeTcp(reset, { source, destination }),
  });
  const macAt = (offset: number): string =>
    serializeMacAddress(frame.bytes.subarray(frame.frameStart + offset, frame.frameStart + offset + 6));
  return serializeEthernet({ destination: macAt(6), source: macAt(0), tags: [], etherType: etherType.ip4, payload });
}
