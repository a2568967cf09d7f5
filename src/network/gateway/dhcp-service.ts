import type { MacAddress } from '../../api/network';
import { SandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { type DhcpMessage, dhcpPorts, minimalDhcpBytes, parseDhcp, serializeDhcp } from '../../formats/wire/dhcp';
import { dhcpNumber, dhcpOption } from '../../formats/wire/dhcp-options';
import { etherType, serializeEthernet } from '../../formats/wire/ethernet';
import { ipProtocol, serializeIpv4 } from '../../formats/wire/ipv4';
import { serializeUdp } from '../../formats/wire/udp';
import type { DhcpServer } from './dhcp-server';
import type { Sockets } from './sockets';

const broadcastAddress = '255.255.255.255';
const anyAddress = '0.0.0.0';

/** Bytes of IP and UDP headers, which option 57 counts. */
const packetHeaderBytes = 28;
const longestBytes = 1500 - packetHeaderBytes;

/** Questions whose lease is being written; more are dropped, and asked again. */
const maxPending = 64;

export interface DhcpServiceOptions {
  readonly sockets: Sockets;
  readonly server: DhcpServer;
  /** Of the gateway. */
  readonly mac: MacAddress;
  readonly address: string;
  /** A lease could not be written: its station gets no answer. */
  readonly failed: (error: unknown) => void;
}

/** The DHCP server at port 67. */
export function serveDhcp({ sockets, server, mac, address, failed }: DhcpServiceOptions): Disposable {
  const parts = new DisposableStore();
  const udp = parts.add(sockets.bindUdp(dhcpPorts.server));
  let pending = 0;
  const handle = async (bytes: Uint8Array): Promise<void> => {
    const message = read(bytes);
    const reply = message && (await server.answer(message));
    if (!message || !reply || parts.disposed) return;
    const payload = serializeDhcp(reply, lengthFor(message));
    const to = destinationOf(reply);
    if (to !== undefined) udp.send(payload, { address: to, port: dhcpPorts.client }, address);
    else sockets.sendFrame(frameTo(reply, payload, { mac, address }));
  };
  parts.add(
    udp.received(({ bytes }) => {
      if (pending >= maxPending) return;
      pending += 1;
      handle(bytes)
        .catch(failed)
        .finally(() => {
          pending -= 1;
        });
    }),
  );
  return parts;
}

function read(bytes: Uint8Array): DhcpMessage | undefined {
  try {
    return parseDhcp(bytes);
  } catch (error) {
    if (error instanceof SandboxError) return undefined;
    throw error;
  }
}

/** What the client says that it takes (RFC 2132, 9.10). */
function lengthFor({ options }: DhcpMessage): number {
  const said = (dhcpNumber(options, dhcpOption.maxMessageSize) ?? 0) - packetHeaderBytes;
  return Math.min(longestBytes, Math.max(minimalDhcpBytes, said));
}

/** RFC 2131, 4.1. Undefined for one that can be reached by its MAC alone: it does not answer to ARP yet. */
function destinationOf(reply: DhcpMessage): string | undefined {
  if (reply.clientAddress !== anyAddress) return reply.clientAddress;
  return reply.broadcast || reply.yourAddress === anyAddress ? broadcastAddress : undefined;
}

function frameTo(reply: DhcpMessage, payload: Uint8Array<ArrayBuffer>, from: { mac: MacAddress; address: string }) {
  const addresses = { source: from.address, destination: reply.yourAddress };
  const datagram = serializeUdp(
    { sourcePort: dhcpPorts.server, destinationPort: dhcpPorts.client, payload },
    addresses,
  );
  const packet = serializeIpv4({
    ...addresses,
    trafficClass: 0,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: 64,
    protocol: ipProtocol.udp,
    options: [],
    payload: datagram,
  });
  const ends = { destination: reply.clientMac, source: from.mac };
  return serializeEthernet({ ...ends, tags: [], etherType: etherType.ip4, payload: packet });
}
