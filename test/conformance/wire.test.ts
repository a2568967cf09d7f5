import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { FakeClock } from '../../src/base/fake-clock';
import { arpOperation, serializeArp } from '../../src/formats/wire/arp';
import { type DhcpMessage, serializeDhcp } from '../../src/formats/wire/dhcp';
import { dhcpOption, dhcpType, dhcpValue } from '../../src/formats/wire/dhcp-options';
import { type DnsMessage, dnsType, serializeDns } from '../../src/formats/wire/dns';
import { etherType, serializeEthernet } from '../../src/formats/wire/ethernet';
import { icmpType, serializeIcmp } from '../../src/formats/wire/icmp';
import { ipProtocol, serializeIpv4 } from '../../src/formats/wire/ipv4';
import { ntpMode, serializeNtp, toNtpTime } from '../../src/formats/wire/ntp';
import { serializeTcp, tcpFlag, tcpOption } from '../../src/formats/wire/tcp';
import { serializeUdp } from '../../src/formats/wire/udp';
import { DhcpLeases } from '../../src/network/gateway/dhcp-leases';
import { DhcpServer } from '../../src/network/gateway/dhcp-server';
import { dhcpQuestion, hosts, network, TestLeaseStore } from '../../src/network/gateway/gateway-fixture';
import { answerNtp } from '../../src/network/gateway/ntp-server';
import { Resolver } from '../../src/network/gateway/resolver';
import { askTshark } from '../support/tshark';

const tshark = findProgram('tshark');

const ends = { source: '10.1.0.1', destination: '10.1.0.2' };
const macs = { source: '02:53:0a:01:00:01', destination: '02:00:00:00:00:01' };

const frame = (type: number, payload: Uint8Array<ArrayBuffer>, tagged = false) =>
  serializeEthernet({
    ...macs,
    tags: tagged ? [{ type: etherType.vlan, priority: 3, dropEligible: false, id: 42 }] : [],
    etherType: type,
    payload,
  });

const packet = (
  protocol: number,
  payload: Uint8Array<ArrayBuffer>,
  options: Parameters<typeof serializeIpv4>[0]['options'] = [],
) =>
  frame(
    etherType.ip4,
    serializeIpv4({
      ...ends,
      trafficClass: 0,
      identification: 77,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      timeToLive: 64,
      protocol,
      options,
      payload,
    }),
  );

const datagram = (sourcePort: number, destinationPort: number, payload: Uint8Array<ArrayBuffer>) =>
  packet(ipProtocol.udp, serializeUdp({ sourcePort, destinationPort, payload }, ends));

const query = (name: string, type: number): DnsMessage => ({
  id: 0x4242,
  response: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  code: 0,
  questions: [{ name, type, class: 1 }],
  answers: [],
  authorities: [],
  additionals: [],
  edns: { udpBytes: 1232, version: 0, dnssecOk: false, options: new Uint8Array(0) },
});

describe.runIf(tshark)('tshark reads what we write', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-tshark-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const ask = (frames: readonly Uint8Array[], fields: readonly string[], filter = 'frame') =>
    askTshark({ tshark: tshark ?? '', file: join(folder, 'frames.pcap'), frames, filter, fields });

  const wrong =
    '_ws.malformed || _ws.expert.severity == error || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0';

  /** The fields of each frame, and nothing wrong with any. */
  async function read(frames: readonly Uint8Array[], fields: readonly string[]): Promise<string[]> {
    expect(await ask(frames, ['frame.number', '_ws.expert.message'], wrong)).toEqual([]);
    return ask(frames, fields);
  }

  it('in ARP, in a VLAN and out of it', async () => {
    const reply = serializeArp({
      operation: arpOperation.reply,
      senderMac: macs.source,
      senderAddress: '10.1.0.1',
      targetMac: macs.destination,
      targetAddress: '10.1.0.2',
    });
    const fields = ['vlan.id', 'vlan.priority', 'arp.opcode', 'arp.src.proto_ipv4', 'arp.dst.hw_mac'];
    expect(await read([frame(etherType.arp, reply), frame(etherType.arp, reply, true)], fields)).toEqual([
      `\t\t2\t10.1.0.1\t${macs.destination}`,
      `42\t3\t2\t10.1.0.1\t${macs.destination}`,
    ]);
  });

  it('in IPv4 with options, and ICMP in it', async () => {
    const echo = serializeIcmp({ type: icmpType.echoRequest, code: 0, rest: 0x0007_0009, payload: new Uint8Array(56) });
    const options = [{ kind: 148, data: new Uint8Array(2) }];
    const fields = [
      'ip.hdr_len',
      'ip.id',
      'ip.opt.type',
      'icmp.type',
      'icmp.ident',
      'icmp.seq',
      'icmp.checksum.status',
    ];
    expect(await read([packet(ipProtocol.icmp, echo, options)], fields)).toEqual(['24\t0x004d\t148\t8\t7\t9\t1']);
  });

  it('in TCP with its options', async () => {
    const opening = serializeTcp(
      {
        sourcePort: 40_000,
        destinationPort: 80,
        sequence: 1000,
        acknowledgment: 0,
        flags: tcpFlag.syn,
        window: 65_535,
        urgentPointer: 0,
        options: [
          { kind: tcpOption.maximumSegment, data: Uint8Array.of(5, 0xb4) },
          { kind: tcpOption.sackPermitted, data: new Uint8Array(0) },
          { kind: tcpOption.windowScale, data: Uint8Array.of(7) },
        ],
        payload: new Uint8Array(0),
      },
      ends,
    );
    const fields = [
      'tcp.seq_raw',
      'tcp.flags.syn',
      'tcp.options.mss_val',
      'tcp.options.wscale.shift',
      'tcp.checksum.status',
    ];
    expect(await read([packet(ipProtocol.tcp, opening)], fields)).toEqual(['1000\t1\t1460\t7\t1']);
  });

  it('in the DHCP server’s offers, leases and denials', async () => {
    const leases = new DhcpLeases(network, new TestLeaseStore(), new FakeClock());
    leases.setHosts(hosts);
    const server = new DhcpServer({ network, leases, tell: () => {} });
    const wish = (type: number, address: string) =>
      dhcpQuestion(
        hosts[0]?.mac ?? '',
        new Map([
          [dhcpOption.messageType as number, dhcpValue.u8(type)],
          [dhcpOption.requestedAddress, dhcpValue.addresses(address)],
        ]),
      );
    const questions = [
      wish(dhcpType.discover, '10.1.0.2'),
      wish(dhcpType.request, '10.1.0.2'),
      wish(dhcpType.request, '10.1.0.9'),
    ];
    const answers: DhcpMessage[] = [];
    for (const question of questions) answers.push((await server.answer(question)) ?? question);
    const frames = answers.map((answer) => datagram(67, 68, serializeDhcp(answer)));
    const fields = [
      'dhcp.option.dhcp',
      'dhcp.ip.your',
      'dhcp.option.subnet_mask',
      'dhcp.option.interface_mtu',
      'dhcp.option.hostname',
    ];
    const more = ['dhcp.option.ntp_server', 'dhcp.option.domain_name', 'dhcp.option.ip_address_lease_time'];
    const given = '10.1.0.2\t255.255.255.0\t1400\tweb\t10.1.0.1\tlab.internal\t86400';
    expect(await read(frames, [...fields, ...more])).toEqual([`2\t${given}`, `5\t${given}`, '6\t0.0.0.0\t\t\t\t\t\t']);
    const routes = await ask(frames, ['dhcp.option.classless_static_route']);
    // 0.0.0.0/0 and 169.254.169.254/32, both by 10.1.0.1.
    expect(routes[0]).toBe('000a010001,20a9fea9fe0a010001');
  });

  it('in a DHCP message whose options are spread over the fields for file and name', async () => {
    const options = new Map<number, Uint8Array<ArrayBuffer>>([
      [dhcpOption.messageType, dhcpValue.u8(dhcpType.offer)],
      [224, new Uint8Array(250)],
      [dhcpOption.domainName, dhcpValue.text('a'.repeat(120))],
      [dhcpOption.hostName, dhcpValue.text('in-the-name')],
    ]);
    const message = { ...dhcpQuestion('02:00:00:00:00:01', options), op: 'reply' as const };
    const fields = ['dhcp.option.option_overload', 'dhcp.option.domain_name', 'dhcp.option.hostname'];
    const [line] = await read([datagram(67, 68, serializeDhcp(message))], fields);
    expect(line).toBe(`3\t${'a'.repeat(120)}\tin-the-name`);
  });

  it('in the resolver’s answers', async () => {
    const resolver = new Resolver({ network, outside: 'nxdomain' });
    resolver.setHosts(hosts);
    resolver.setRecords([
      { name: 'www', type: dnsType.cname, data: { kind: 'name', name: 'db.lab.internal' } },
      { name: 'mail', type: dnsType.mx, data: { kind: 'mx', preference: 5, exchange: 'web.lab.internal' } },
      { name: 'note', type: dnsType.txt, data: { kind: 'txt', texts: [new TextEncoder().encode('hello')] } },
      {
        name: '_http',
        type: dnsType.srv,
        data: { kind: 'srv', priority: 1, weight: 2, port: 80, target: 'web.lab.internal' },
      },
    ]);
    const questions = [
      query('web', dnsType.a),
      query('www.lab.internal', dnsType.a),
      query('2.0.1.10.in-addr.arpa', dnsType.ptr),
      query('nobody', dnsType.a),
      query('mail.lab.internal', dnsType.mx),
      query('note.lab.internal', dnsType.txt),
      query('_http.lab.internal', dnsType.srv),
    ];
    const frames = questions.map((each) =>
      datagram(53, 40_000, resolver.answerBytes(serializeDns(each), 'udp') ?? new Uint8Array(0)),
    );
    const fields = [
      'dns.flags.rcode',
      'dns.flags.authoritative',
      'dns.a',
      'dns.cname',
      'dns.ptr.domain_name',
      'dns.soa.mname',
    ];
    const more = ['dns.mx.mail_exchange', 'dns.txt', 'dns.srv.port', 'dns.rr.udp_payload_size'];
    expect(await read(frames, [...fields, ...more])).toEqual([
      '0\t1\t10.1.0.2\t\t\t\t\t\t\t1232',
      expect.stringMatching(/^0\t1\t10\.1\.0\.[34],10\.1\.0\.[34]\tdb\.lab\.internal\t\t\t\t\t\t1232$/),
      '0\t1\t\t\tweb.lab.internal\t\t\t\t\t1232',
      '3\t1\t\t\t\tgateway.lab.internal\t\t\t\t1232',
      '0\t1\t\t\t\t\tweb.lab.internal\t\t\t1232',
      '0\t1\t\t\t\t\t\thello\t\t1232',
      '0\t1\t\t\t\t\t\t\t80\t1232',
    ]);
  });

  it('in the time server’s answers', async () => {
    const now = Date.UTC(2026, 10, 24, 12);
    const zero = { poll: 6, precision: 0, rootDelay: 0, rootDispersion: 0, referenceId: 0, referenceTime: 0n };
    const times = { originTime: 0n, receiveTime: 0n, transmitTime: toNtpTime(now - 1000) };
    const asked = serializeNtp({ leap: 3, version: 4, mode: ntpMode.client, stratum: 0, ...zero, ...times });
    const answer = answerNtp(asked, { now: () => now }) ?? new Uint8Array(0);
    const fields = ['ntp.flags.mode', 'ntp.stratum', 'ntp.org', 'ntp.xmt'];
    const [line] = await read([datagram(123, 123, answer)], fields);
    expect(line).toMatch(/^4\t2\tNov 24, 2026 11:59:59\.\d+ UTC\tNov 24, 2026 12:00:00\.\d+ UTC$/);
  });

  it('and finds what is wrong in messages that were damaged', async () => {
    const good = datagram(53, 40_000, serializeDns(query('web', dnsType.a)));
    const bad = good.slice();
    bad.fill(0xff, 50, 51);
    expect(await ask([good, bad], ['frame.number'], wrong)).toEqual(['2']);
  });
});
