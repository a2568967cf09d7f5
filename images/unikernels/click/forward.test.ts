import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arpOperation, parseArp, serializeArp } from '../../../src/formats/wire/arp';
import { etherType, parseEthernet, serializeEthernet } from '../../../src/formats/wire/ethernet';
import { icmpType, parseIcmp, serializeIcmp } from '../../../src/formats/wire/icmp';
import { parseIpv4, serializeIpv4 } from '../../../src/formats/wire/ipv4';
import { parseTcp, serializeTcp } from '../../../src/formats/wire/tcp';
import { parseUdp, serializeUdp } from '../../../src/formats/wire/udp';
import { buildNative, clang, runNative } from '../test/native-program';

const parts = ['forward', 'bridge', 'router', 'rules', 'flow', 'packet'];
const files = ['test/click_test.c', ...parts.map((part) => `click/${part}.c`), 'libos/format.c'];

/** Two hosts, one at each port, and the router between them. */
const left = { mac: '02:00:00:00:00:01', address: '10.0.0.2', port: 0 };
const right = { mac: '02:00:00:00:00:02', address: '10.1.0.2', port: 1 };
const routerMacs = ['02:00:00:00:00:a0', '02:00:00:00:00:a1'];
type Host = typeof left;

interface Talk {
  readonly kind?: 'tcp' | 'udp' | 'ping' | 'pong';
  readonly from: Host;
  readonly to: string;
  readonly toMac?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly ttl?: number;
  readonly ms?: number;
}

/** A line for the program: a packet of 100 bytes payload. */
function packet({ kind = 'tcp', from, to, sourcePort = 1000, destinationPort = 80, ms = 0, ...rest }: Talk): string {
  const addresses = { source: from.address, destination: to };
  const payload = new Uint8Array(101).fill(7);
  const ports = { sourcePort, destinationPort, payload };
  const bodies = {
    tcp: () =>
      serializeTcp(
        { ...ports, sequence: 1, acknowledgment: 0, flags: 2, window: 9, urgentPointer: 0, options: [] },
        addresses,
      ),
    udp: () => serializeUdp(ports, addresses),
    ping: () => serializeIcmp({ type: icmpType.echoRequest, code: 0, rest: sourcePort * 65536, payload }),
    pong: () => serializeIcmp({ type: icmpType.echoReply, code: 0, rest: sourcePort * 65536, payload }),
  };
  const ip = serializeIpv4({
    trafficClass: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: rest.ttl ?? 64,
    protocol: { tcp: 6, udp: 17, ping: 1, pong: 1 }[kind],
    source: from.address,
    destination: to,
    options: [],
    payload: bodies[kind](),
  });
  const destination = rest.toMac ?? routerMacs[from.port] ?? '';
  return line(
    from.port,
    ms,
    serializeEthernet({ destination, source: from.mac, tags: [], etherType: etherType.ip4, payload: ip }),
  );
}

const line = (port: number, ms: number, frame: Uint8Array): string =>
  `${port} ${ms} ${Buffer.from(frame).toString('hex')}`;

/** An ARP message of a host; a reply tells the router who it is. */
function arp(from: Host, targetAddress: string, operation: number = arpOperation.reply): string {
  const payload = serializeArp({
    operation,
    senderMac: from.mac,
    senderAddress: from.address,
    targetMac: routerMacs[from.port] ?? '',
    targetAddress,
  });
  return line(
    from.port,
    0,
    serializeEthernet({
      destination: 'ff:ff:ff:ff:ff:ff',
      source: from.mac,
      tags: [],
      etherType: etherType.arp,
      payload,
    }),
  );
}

/** What went out, in words; every checksum is right, or reading it would throw. */
function tell(out: string): string {
  const [port = '', hex = ''] = out.split(' ');
  const frame = parseEthernet(new Uint8Array(Buffer.from(hex, 'hex')));
  if (frame.etherType === etherType.arp) {
    const { operation, targetAddress } = parseArp(frame.payload);
    return `${port} arp ${operation === arpOperation.request ? 'who has' : 'tell'} ${targetAddress}`;
  }
  const ip = parseIpv4(frame.payload);
  if (ip.protocol === 1) {
    const { type, rest } = parseIcmp(ip.payload);
    return `${port} icmp ${type} ${ip.source} ${ip.destination} id ${rest >>> 16}`;
  }
  const { sourcePort, destinationPort } = ip.protocol === 6 ? parseTcp(ip.payload, ip) : parseUdp(ip.payload, ip);
  const name = ip.protocol === 6 ? 'tcp' : 'udp';
  return `${port} ${name} ${ip.source}:${sourcePort} ${ip.destination}:${destinationPort} ttl ${ip.timeToLive}`;
}

describe.runIf(clang)('the packet pipeline', () => {
  let program: string;
  const directory = mkdtempSync(join(tmpdir(), 'strata-click-'));
  const path = join(directory, 'click');
  beforeAll(() => {
    program = buildNative('click-test', files);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** For each line that goes in, what comes out; then the counters. */
  function run(config: string, lines: readonly string[]): readonly (readonly string[])[] {
    writeFileSync(path, config);
    const output = runNative(program, [path], lines);
    const answers: string[][] = [[]];
    for (const each of output) {
      if (each === '.') answers.push([]);
      else answers.at(-1)?.push(each);
    }
    return answers.map((answer) => answer.map((each) => (/^\d /.test(each) ? tell(each) : each)));
  }

  const known = [arp(left, '10.0.0.1'), arp(right, '10.1.0.1')];
  /** A router that has asked for both hosts. */
  const meet = [
    packet({ from: left, to: right.address, destinationPort: 9 }),
    arp(right, '10.1.0.1'),
    packet({ from: right, to: left.address, destinationPort: 9, sourcePort: 5 }),
    arp(left, '10.0.0.1'),
  ];

  it('bridges: floods what it does not know, and sends what it knows where it belongs', () => {
    const answers = run('bridge\ncount all', [
      packet({ from: left, to: right.address, toMac: right.mac }),
      packet({ from: right, to: left.address, toMac: left.mac, sourcePort: 80, destinationPort: 1000 }),
      packet({ from: left, to: left.address, toMac: left.mac }),
    ]);
    expect(answers).toEqual([
      ['1 tcp 10.0.0.2:1000 10.1.0.2:80 ttl 64'],
      ['0 tcp 10.1.0.2:80 10.0.0.2:1000 ttl 64'],
      [],
      ['all 2'],
    ]);
  });

  it('filters: what belongs to a flow that was let through passes, and nothing else', () => {
    const back = { from: right, to: left.address, toMac: left.mac };
    const answers = run('bridge\naccept in eth0 tcp to-port 80 # the web\ndefault drop', [
      packet({ ...back, sourcePort: 80, destinationPort: 1000 }),
      packet({ from: left, to: right.address, toMac: right.mac }),
      packet({ ...back, sourcePort: 80, destinationPort: 1000 }),
      packet({ ...back, sourcePort: 81, destinationPort: 1000 }),
      packet({ from: left, to: right.address, toMac: right.mac, kind: 'udp' }),
      arp(left, right.address, arpOperation.request),
    ]);
    expect(answers.map((each) => each.length)).toEqual([0, 1, 1, 0, 0, 1, 0]);
  });

  it('routes: asks who has an address, answers for its own, and counts down', () => {
    const answers = run('router', [
      arp(left, '10.0.0.1', arpOperation.request),
      packet({ from: left, to: right.address }),
      arp(right, '10.1.0.1'),
      packet({ from: left, to: right.address, sourcePort: 1001 }),
      packet({ from: left, to: right.address, toMac: right.mac }),
    ]);
    expect(answers).toEqual([
      ['0 arp tell 10.0.0.2'],
      ['1 arp who has 10.1.0.2'],
      ['1 tcp 10.0.0.2:1000 10.1.0.2:80 ttl 63'],
      ['1 tcp 10.0.0.2:1001 10.1.0.2:80 ttl 63'],
      [],
      [],
    ]);
  });

  it('answers pings, and says when a packet has come too far or there is no way', () => {
    const answers = run('router', [
      ...meet,
      packet({ from: left, to: '10.0.0.1', kind: 'ping' }),
      packet({ from: left, to: right.address, ttl: 1 }),
      packet({ from: left, to: '10.9.0.1' }),
    ]).slice(meet.length);
    expect(answers).toEqual([
      ['0 icmp 0 10.0.0.1 10.0.0.2 id 1000'],
      ['0 icmp 11 10.0.0.1 10.0.0.2 id 0'],
      ['0 icmp 3 10.0.0.1 10.0.0.2 id 0'],
      [],
    ]);
  });

  it.each(['tcp', 'udp'] as const)('hides what is behind it (%s), and brings the answers back', (kind) => {
    const other = { ...left, address: '10.0.0.3' };
    const answers = run('router\nmasquerade out eth1\n', [
      ...meet,
      packet({ kind, from: left, to: right.address }),
      packet({ kind, from: right, to: '10.1.0.1', sourcePort: 80, destinationPort: 1000 }),
      packet({ kind, from: right, to: '10.1.0.1', sourcePort: 81, destinationPort: 1000 }),
      packet({ kind, from: other, to: right.address }),
    ]).slice(meet.length);
    expect(answers.slice(0, 3)).toEqual([
      [`1 ${kind} 10.1.0.1:1000 10.1.0.2:80 ttl 63`],
      [`0 ${kind} 10.1.0.2:80 10.0.0.2:1000 ttl 63`],
      [],
    ]);
    // Another host with the same port of its own gets one that is free.
    const [third = ''] = answers[3] ?? [];
    expect(third).toMatch(new RegExp(`^1 ${kind} 10\\.1\\.0\\.1:\\d+ 10\\.1\\.0\\.2:80`));
    expect(third).not.toContain(':1000 ');
  });

  it('hides pings', () => {
    const answers = run('router\nmasquerade out eth1\n', [
      ...meet,
      packet({ kind: 'ping', from: left, to: right.address }),
      packet({ kind: 'pong', from: right, to: '10.1.0.1' }),
    ]).slice(meet.length);
    expect(answers.slice(0, 2)).toEqual([
      ['1 icmp 8 10.1.0.1 10.1.0.2 id 1000'],
      ['0 icmp 0 10.1.0.2 10.0.0.2 id 1000'],
    ]);
  });

  it('gives packets another destination, and their answers the one that was asked', () => {
    const answers = run('router\nrewrite 10.1.0.2:8080 in eth0 tcp to 10.0.0.1 to-port 80\n', [
      ...meet,
      packet({ from: left, to: '10.0.0.1' }),
      packet({ from: right, to: left.address, sourcePort: 8080, destinationPort: 1000 }),
    ]).slice(meet.length);
    expect(answers.slice(0, 2)).toEqual([
      ['1 tcp 10.0.0.2:1000 10.1.0.2:8080 ttl 63'],
      ['0 tcp 10.0.0.1:80 10.0.0.2:1000 ttl 63'],
    ]);
  });

  it('lets through as many in a second as it is told, mirrors and counts', () => {
    const flood = Array.from({ length: 30 }, (_, index) =>
      packet({
        kind: 'udp',
        from: left,
        to: right.address,
        toMac: right.mac,
        sourcePort: index + 1,
        ms: index < 20 ? 0 : 1000,
      }),
    );
    const answers = run('bridge\ncount seen udp\nlimit 5 udp in eth0\nmirror eth0 in eth0', [...known, ...flood]);
    const passed = answers.slice(known.length, -1).map((each) => each.length);
    expect(passed.filter((count) => count === 2)).toHaveLength(10);
    expect(passed.filter((count) => count === 0)).toHaveLength(20);
    expect(answers.at(-1)).toEqual(['seen 30']);
  });

  it('survives 20,000 arbitrary and damaged frames as bridge and as router', () => {
    const sound = meet.map((each) => Buffer.from(each.split(' ')[2] ?? '', 'hex'));
    const damaged = fc
      .tuple(fc.constantFrom(...sound), fc.nat(), fc.nat(255), fc.nat(160))
      .map(([frame, at, value, length]) => {
        const copy = Uint8Array.from(frame).slice(0, length);
        if (copy.length > 0) copy[at % copy.length] = value;
        return copy;
      });
    const frames = fc.sample(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), 20_000);
    for (const mode of ['bridge\nlimit 9 tcp\n', 'router\nmasquerade out eth1\n']) {
      writeFileSync(path, mode);
      const output = runNative(
        program,
        [path],
        frames.map((frame, index) => line(index % 2, index, frame)),
      );
      expect(output.filter((each) => each === '.')).toHaveLength(frames.length);
    }
  });

  it.each([
    ['masquerade out eth1', 'line 1: a bridge does not translate: say router first'],
    ['router\nmasquerade', 'line 2: masquerade needs a port out'],
    ['drop in eth7', 'line 1: there is no such port'],
    ['drop from 10.0.0', 'line 1: an address is wrong'],
    ['drop from 10.0.0.0/33', 'line 1: the length of a prefix is wrong'],
    ['limit 0', 'line 1: a number is wrong'],
    ['drop to-port 70000', 'line 1: a number is wrong'],
    ['drop sideways 5', 'line 1: a word is not understood'],
    ['explode', 'line 1: a word is not understood'],
    ['count', 'line 1: a counter needs a name'],
    ['default maybe', 'line 1: the default is accept or drop'],
    ['drop tcp\nrouter', 'line 2: bridge or router comes before the rules'],
  ])('says what is wrong with %j', (config, problem) => {
    writeFileSync(path, config);
    const { status, stdout } = spawnSync(program, [path], { input: '', encoding: 'utf8' });
    expect(stdout.trim()).toBe(problem);
    expect(status).toBe(2);
  });
});
