import type { FrameDescription } from '../../api/capture';
import { serializeIpAddress } from '../ip-address';
import { arpOperation, parseArp } from './arp';
import { parseDhcp } from './dhcp';
import { dhcpOption, dhcpType } from './dhcp-options';
import { type DnsMessage, type DnsQuestion, dnsCode, dnsType, parseDns } from './dns';
import { etherType, parseEthernet } from './ethernet';
import { icmpType } from './icmp';
import { ipProtocol } from './ipv4';
import { ntpMode, parseNtp } from './ntp';
import { tcpFlag } from './tcp';

/** Bytes of a frame that are looked at: all headers, and the first line of what they carry. */
const lookedAt = 2048;

/** Letters of a line of HTTP that are shown. */
const lineLimit = 80;

const portsOf = { dns: 53, dhcpServer: 67, dhcpClient: 68, ntp: 123 } as const;
/** Next headers of IPv6 (RFC 8200, 4; RFC 4443). */
const nextHeader = { hopByHop: 0, icmp: 58 } as const;
const icmp6Names: Readonly<Record<number, string>> = {
  1: 'Destination unreachable',
  2: 'Packet too big',
  3: 'Time exceeded',
  128: 'Echo request',
  129: 'Echo reply',
  133: 'Router solicitation',
  134: 'Router advertisement',
  135: 'Neighbor solicitation',
  136: 'Neighbor advertisement',
  143: 'Multicast listener report',
};

/** What stands in a packet: the rest of a row. */
type Inside = Pick<FrameDescription, 'protocol' | 'info'>;

const cutShort = 'Cut short';

/**
 * Says in a line what a frame is, as far as its headers tell; never throws. Checksums are not looked at: between guests
 * they are often left undone (network/offload.ts).
 */
export function describeFrame(frame: Uint8Array): FrameDescription {
  const head = frame.subarray(0, lookedAt);
  const parsed = attempt(() => parseEthernet(head));
  if (!parsed) return { source: '', destination: '', protocol: 'Ethernet', info: cutShort };
  const { source, destination, tags, etherType: type, payload } = parsed;
  const behind = frame.length - head.length;
  const ends = { source, destination };
  const inside =
    type === etherType.arp
      ? { ...ends, ...describeArp(payload) }
      : type === etherType.ip4
        ? describeIp4(payload, behind, ends)
        : type === etherType.ip6
          ? describeIp6(payload, ends)
          : { ...ends, protocol: `0x${type.toString(16).padStart(4, '0')}`, info: `${frame.length} bytes` };
  const vlan = tags.map(({ id }) => `VLAN ${id}, `).join('');
  return vlan === '' ? inside : { ...inside, info: `${vlan}${inside.info}` };
}

type Ends = Pick<FrameDescription, 'source' | 'destination'>;

function describeArp(bytes: Uint8Array): Inside {
  const message = attempt(() => parseArp(bytes));
  if (!message) return { protocol: 'ARP', info: cutShort };
  const { operation, senderAddress, senderMac, targetAddress } = message;
  if (operation === arpOperation.reply) return { protocol: 'ARP', info: `${senderAddress} is at ${senderMac}` };
  if (senderAddress === targetAddress) return { protocol: 'ARP', info: `Announcement for ${senderAddress}` };
  const asker = senderAddress === '0.0.0.0' ? 'Probe' : `Tell ${senderAddress}`;
  return { protocol: 'ARP', info: `Who has ${targetAddress}? ${asker}` };
}

/** `behind` bytes of the frame are not in `bytes`. */
function describeIp4(bytes: Uint8Array, behind: number, outer: Ends): FrameDescription {
  const view = viewOf(bytes);
  const headerBytes = bytes.length < 20 ? 0 : (view.getUint8(0) & 15) * 4;
  if (headerBytes < 20 || headerBytes > bytes.length) return { ...outer, protocol: 'IPv4', info: cutShort };
  const source = serializeIpAddress(bytes.subarray(12, 16));
  const destination = serializeIpAddress(bytes.subarray(16, 20));
  const ends = { source, destination };
  const total = view.getUint16(2);
  const fragment = view.getUint16(6);
  const offset = (fragment & 0x1fff) * 8;
  const number = view.getUint8(9);
  if (offset > 0) return { ...ends, protocol: 'IPv4', info: `Fragment at byte ${offset}, protocol ${number}` };
  const payload = bytes.subarray(headerBytes, Math.max(headerBytes, Math.min(bytes.length, total)));
  const whole = Math.max(0, Math.min(total, bytes.length + behind) - headerBytes);
  const inside = number === ipProtocol.icmp ? describeIcmp(payload) : describeTransport(number, payload, whole, ends);
  return { ...ends, ...inside };
}

/** Of the headers that may stand between, the one for every hop is looked behind: reports of groups have it. */
function describeIp6(bytes: Uint8Array, outer: Ends): FrameDescription {
  if (bytes.length < 40) return { ...outer, protocol: 'IPv6', info: cutShort };
  const view = viewOf(bytes);
  const ends = {
    source: serializeIpAddress(bytes.subarray(8, 24)),
    destination: serializeIpAddress(bytes.subarray(24, 40)),
  };
  const length = view.getUint16(4);
  let next = view.getUint8(6);
  let payload = bytes.subarray(40, 40 + length);
  if (next === nextHeader.hopByHop && payload.length >= 8) {
    next = payload[0] ?? 0;
    payload = payload.subarray(((payload[1] ?? 0) + 1) * 8);
  }
  if (next !== nextHeader.icmp) return { ...ends, ...describeTransport(next, payload, length, ends) };
  const type = payload[0] ?? 0;
  return { ...ends, protocol: 'ICMPv6', info: icmp6Names[type] ?? `Type ${type}` };
}

function describeTransport(protocol: number, payload: Uint8Array, whole: number, ends: Ends): Inside {
  if (protocol === ipProtocol.tcp) return describeTcp(payload, whole);
  if (protocol === ipProtocol.udp) return describeUdp(payload);
  return { protocol: ends.source.includes(':') ? 'IPv6' : 'IPv4', info: `Protocol ${protocol}, ${whole} bytes` };
}

function describeIcmp(bytes: Uint8Array): Inside {
  if (bytes.length < 8) return { protocol: 'ICMP', info: cutShort };
  const view = viewOf(bytes);
  const [type, code] = [view.getUint8(0), view.getUint8(1)];
  const echo = `id=${view.getUint16(4)} seq=${view.getUint16(6)}`;
  const names: Readonly<Record<number, string>> = {
    [icmpType.echoRequest]: `Echo request ${echo}`,
    [icmpType.echoReply]: `Echo reply ${echo}`,
    [icmpType.unreachable]: `Destination unreachable, code ${code}`,
    [icmpType.timeExceeded]: 'Time exceeded',
  };
  return { protocol: 'ICMP', info: names[type] ?? `Type ${type}, code ${code}` };
}

const flagNames = [
  ['FIN', tcpFlag.fin],
  ['SYN', tcpFlag.syn],
  ['RST', tcpFlag.rst],
  ['PSH', tcpFlag.psh],
  ['ACK', tcpFlag.ack],
  ['URG', tcpFlag.urg],
  ['ECE', tcpFlag.ece],
  ['CWR', tcpFlag.cwr],
] as const;

/** `whole`: bytes of the segment, of which the last may not be here. */
function describeTcp(bytes: Uint8Array, whole: number): Inside {
  if (bytes.length < 20) return { protocol: 'TCP', info: cutShort };
  const view = viewOf(bytes);
  const [from, to] = [view.getUint16(0), view.getUint16(2)];
  const headerBytes = (view.getUint8(12) >> 4) * 4;
  if (headerBytes < 20 || headerBytes > bytes.length) return { protocol: 'TCP', info: `${from} → ${to} ${cutShort}` };
  const line = firstLine(bytes.subarray(headerBytes));
  if (line !== undefined) return { protocol: 'HTTP', info: line };
  const flags = view.getUint8(13);
  const names = flagNames.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  const parts = [`Seq=${view.getUint32(4)}`];
  if ((flags & tcpFlag.ack) !== 0) parts.push(`Ack=${view.getUint32(8)}`);
  parts.push(`Win=${view.getUint16(14)}`, `Len=${whole - headerBytes}`);
  return { protocol: 'TCP', info: `${from} → ${to} [${names.join(', ')}] ${parts.join(' ')}` };
}

const httpStart = /^(?:(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) \S+ HTTP\/1\.[01]|HTTP\/1\.[01] \d{3})/;

/** Of a request or an answer of HTTP/1 (RFC 9112, 2.1); undefined when it is none. */
function firstLine(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 512));
  if (!httpStart.test(text)) return undefined;
  const line = (text.split('\r\n', 1)[0] ?? '').replaceAll(/[^ -~]/g, '.');
  return line.length > lineLimit ? `${line.slice(0, lineLimit)}…` : line;
}

function describeUdp(bytes: Uint8Array): Inside {
  if (bytes.length < 8) return { protocol: 'UDP', info: cutShort };
  const view = viewOf(bytes);
  const [from, to] = [view.getUint16(0), view.getUint16(2)];
  const payload = bytes.subarray(8, Math.max(8, view.getUint16(4)));
  const isOf = (port: number): boolean => from === port || to === port;
  const known = isOf(portsOf.dns)
    ? describeDns(payload)
    : isOf(portsOf.dhcpServer) || isOf(portsOf.dhcpClient)
      ? describeDhcp(payload)
      : isOf(portsOf.ntp)
        ? describeNtp(payload)
        : undefined;
  return known ?? { protocol: 'UDP', info: `${from} → ${to} Len=${Math.max(0, view.getUint16(4) - 8)}` };
}

function describeDns(bytes: Uint8Array): Inside | undefined {
  const message = attempt(() => parseDns(bytes));
  if (!message) return undefined;
  const asked = message.questions.map(questionText).join(', ');
  if (!message.response) return { protocol: 'DNS', info: `Query ${asked}` };
  return { protocol: 'DNS', info: `Answer ${asked} ${answerText(message)}`.trim() };
}

function questionText({ name, type }: DnsQuestion): string {
  const [known] = Object.entries(dnsType).find(([, number]) => number === type) ?? [];
  return `${known?.toUpperCase() ?? `TYPE${type}`} ${printable(name)}`;
}

function answerText({ code, answers }: DnsMessage): string {
  if (code === dnsCode.nameError) return 'No such name';
  if (code !== dnsCode.noError) return `Error ${code}`;
  const found = answers.flatMap(({ data }) =>
    data.kind === 'address' ? [data.address] : data.kind === 'name' ? [printable(data.name)] : [],
  );
  return found.length > 0 ? found.join(', ') : `${answers.length} records`;
}

function describeDhcp(bytes: Uint8Array): Inside | undefined {
  const message = attempt(() => parseDhcp(bytes));
  if (!message) return undefined;
  const type = message.options.get(dhcpOption.messageType)?.[0];
  const [name = `type ${type}`] = Object.entries(dhcpType).find(([, number]) => number === type) ?? [];
  const given = message.yourAddress === '0.0.0.0' ? '' : ` ${message.yourAddress}`;
  return { protocol: 'DHCP', info: `${name[0]?.toUpperCase()}${name.slice(1)}${given} for ${message.clientMac}` };
}

function describeNtp(bytes: Uint8Array): Inside | undefined {
  const message = attempt(() => parseNtp(bytes));
  if (!message) return undefined;
  const names: Readonly<Record<number, string>> = { [ntpMode.client]: 'client', [ntpMode.server]: 'server' };
  return { protocol: 'NTP', info: `Version ${message.version}, ${names[message.mode] ?? `mode ${message.mode}`}` };
}

/** Names come from guests: what is no letter of ASCII is shown as a dot. */
function printable(text: string): string {
  return text.replaceAll(/[^!-~]/g, '.');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What a parser makes of it; undefined when it is not what it seemed to be. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
