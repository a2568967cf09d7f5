import { describe, expect, it } from 'vitest';
import { printedRandom } from '../../base/seed-fixture';
import { arpOperation, serializeArp } from './arp';
import { describeFrame } from './describe-frame';
import { serializeDhcp } from './dhcp';
import { dhcpOption, dhcpType } from './dhcp-options';
import { dnsType, serializeDns } from './dns';
import { etherType, serializeEthernet } from './ethernet';
import { icmpType, serializeIcmp } from './icmp';
import { ipProtocol, serializeIpv4 } from './ipv4';
import { serializeNtp, toNtpTime } from './ntp';
import { serializeTcp, tcpFlag } from './tcp';
import { serializeUdp } from './udp';

const macs = { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' };
const ends = { source: '10.0.0.2', destination: '10.0.0.3' };
const mac = { source: macs.source, destination: macs.destination };

const frame = (type: number, payload: Uint8Array<ArrayBuffer>, vlan?: number) =>
  serializeEthernet({
    ...macs,
    tags: vlan === undefined ? [] : [{ type: etherType.vlan, priority: 0, dropEligible: false, id: vlan }],
    etherType: type,
    payload,
  });

const packet = (protocol: number, payload: Uint8Array<ArrayBuffer>, fragmentOffset = 0, vlan?: number) =>
  frame(
    etherType.ip4,
    serializeIpv4({
      ...ends,
      trafficClass: 0,
      identification: 1,
      dontFragment: false,
      moreFragments: false,
      fragmentOffset,
      timeToLive: 64,
      protocol,
      options: [],
      payload,
    }),
    vlan,
  );

const tcp = (flags: number, payload = new Uint8Array(0)) =>
  packet(
    ipProtocol.tcp,
    serializeTcp(
      {
        sourcePort: 40_000,
        destinationPort: 80,
        sequence: 7,
        acknowledgment: 9,
        flags,
        window: 512,
        urgentPointer: 0,
        options: [],
        payload,
      },
      ends,
    ),
  );
const udp = (sourcePort: number, destinationPort: number, payload: Uint8Array<ArrayBuffer>) =>
  packet(ipProtocol.udp, serializeUdp({ sourcePort, destinationPort, payload }, ends));
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const arp = (operation: number, senderAddress: string, targetAddress: string) =>
  frame(
    etherType.arp,
    serializeArp({
      operation,
      senderMac: macs.source,
      senderAddress,
      targetMac: macs.destination,
      targetAddress,
    }),
  );

const dns = (response: boolean, code = 0) =>
  serializeDns({
    id: 1,
    response,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: response,
    authenticData: false,
    checkingDisabled: false,
    code,
    questions: [{ name: 'web.default', type: dnsType.a, class: 1 }],
    answers:
      response && code === 0
        ? [
            {
              name: 'web.default',
              type: dnsType.a,
              class: 1,
              ttl: 1,
              data: { kind: 'address', address: '10.0.0.9' },
            },
          ]
        : [],
    authorities: [],
    additionals: [],
  });

const dhcp = serializeDhcp({
  op: 'reply',
  hops: 0,
  transactionId: 1,
  seconds: 0,
  broadcast: false,
  clientAddress: '0.0.0.0',
  yourAddress: '10.0.0.7',
  serverAddress: '0.0.0.0',
  relayAddress: '0.0.0.0',
  clientMac: macs.source,
  serverName: '',
  bootFile: '',
  options: new Map([[dhcpOption.messageType, Uint8Array.of(dhcpType.offer)]]),
});

const ntp = serializeNtp({
  leap: 0,
  version: 4,
  mode: 3,
  stratum: 0,
  poll: 0,
  precision: 0,
  rootDelay: 0,
  rootDispersion: 0,
  referenceId: 0,
  referenceTime: 0n,
  originTime: 0n,
  receiveTime: 0n,
  transmitTime: toNtpTime(0),
});

const ip6 = (next: number, payload: Uint8Array) => {
  const header = new Uint8Array(40);
  header[0] = 0x60;
  header[5] = payload.length;
  header[6] = next;
  header[23] = 1;
  header[39] = 2;
  return frame(etherType.ip6, Uint8Array.of(...header, ...payload));
};

describe('what a frame is', () => {
  it.each([
    ['ARP', arp(arpOperation.request, ends.source, ends.destination), 'Who has 10.0.0.3? Tell 10.0.0.2'],
    ['ARP', arp(arpOperation.request, '0.0.0.0', ends.destination), 'Who has 10.0.0.3? Probe'],
    ['ARP', arp(arpOperation.request, ends.source, ends.source), 'Announcement for 10.0.0.2'],
    ['ARP', arp(arpOperation.reply, ends.source, ends.destination), '10.0.0.2 is at 02:00:00:00:00:01'],
    ['0x88b5', frame(0x88b5, new Uint8Array(50)), '64 bytes'],
  ])('by its own header: %s', (protocol, bytes, info) => {
    expect(describeFrame(bytes)).toEqual({ ...mac, protocol, info });
  });

  it.each([
    [
      'ICMP',
      packet(
        ipProtocol.icmp,
        serializeIcmp({ type: icmpType.echoRequest, code: 0, rest: 0x0005_0009, payload: utf8('x') }),
      ),
      'Echo request id=5 seq=9',
    ],
    ['TCP', tcp(tcpFlag.syn), '40000 → 80 [SYN] Seq=7 Win=512 Len=0'],
    ['TCP', tcp(tcpFlag.ack | tcpFlag.psh, utf8('abc')), '40000 → 80 [PSH, ACK] Seq=7 Ack=9 Win=512 Len=3'],
    ['HTTP', tcp(tcpFlag.ack, utf8('GET /a HTTP/1.1\r\nHost: b\r\n\r\n')), 'GET /a HTTP/1.1'],
    ['HTTP', tcp(tcpFlag.ack, utf8('HTTP/1.1 200 O\u0007K\r\n\r\n')), 'HTTP/1.1 200 O.K'],
    ['UDP', udp(5000, 6000, utf8('abcd')), '5000 → 6000 Len=4'],
    ['DNS', udp(5000, 53, dns(false)), 'Query A web.default'],
    ['DNS', udp(53, 5000, dns(true)), 'Answer A web.default 10.0.0.9'],
    ['DNS', udp(53, 5000, dns(true, 3)), 'Answer A web.default No such name'],
    ['DHCP', udp(67, 68, dhcp), 'Offer 10.0.0.7 for 02:00:00:00:00:01'],
    ['NTP', udp(5000, 123, ntp), 'Version 4, client'],
    ['UDP', udp(5000, 53, utf8('no')), '5000 → 53 Len=2'],
    ['IPv4', packet(ipProtocol.udp, utf8('rest'), 1480), 'Fragment at byte 1480, protocol 17'],
    ['IPv4', packet(89, utf8('ospf')), 'Protocol 89, 4 bytes'],
    ['IPv4', packet(89, utf8('ospf'), 0, 12), 'VLAN 12, Protocol 89, 4 bytes'],
  ])('by what its packet has in it: %s', (protocol, bytes, info) => {
    expect(describeFrame(bytes)).toEqual({ ...ends, protocol, info });
  });

  it('of IPv6 as well', () => {
    expect(describeFrame(ip6(58, Uint8Array.of(135, 0, 0, 0)))).toEqual({
      source: '::1',
      destination: '::2',
      protocol: 'ICMPv6',
      info: 'Neighbor solicitation',
    });
    const report = Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0, 143, 0);
    expect(describeFrame(ip6(0, report))).toMatchObject({ protocol: 'ICMPv6', info: 'Multicast listener report' });
  });

  it('counts the bytes of a long segment that are not looked at', () => {
    expect(describeFrame(tcp(tcpFlag.ack, new Uint8Array(60_000))).info).toContain('Len=60000');
  });

  it('is told of anything, however it is damaged', () => {
    const random = printedRandom('descriptions');
    const samples: readonly Uint8Array<ArrayBuffer>[] = [
      udp(67, 68, dhcp),
      udp(53, 1, dns(true)),
      tcp(tcpFlag.ack),
      ip6(58, Uint8Array.of(1)),
      frame(1, dhcp, 3),
    ];
    const seen = new Set<string>();
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = new Uint8Array(samples[random.below(samples.length)] ?? []);
      for (let hits = random.below(4); hits > 0; hits -= 1) bytes[random.below(bytes.length)] = random.below(256);
      seen.add(describeFrame(bytes.subarray(0, random.below(bytes.length + 1))).info);
    }
    expect(seen.has('Cut short')).toBe(true);
  });
});
