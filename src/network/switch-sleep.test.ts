import { describe, expect, it } from 'vitest';
import type { DropReason, PortSpec } from '../api/network';
import { FakeClock } from '../base/fake-clock';
import { parseArp, serializeArp } from '../formats/wire/arp';
import { parseEthernet, serializeEthernet } from '../formats/wire/ethernet';
import { serializeIcmp } from '../formats/wire/icmp';
import { ipProtocol, parseIpv4, serializeIpv4 } from '../formats/wire/ipv4';
import { parseTcp, serializeTcp, tcpFlag } from '../formats/wire/tcp';
import { serializeUdp } from '../formats/wire/udp';
import { type PortHandle, Switch } from './switch';
import { broadcast, macOf, type Packet, portSpec, slabOf, TestSink, tcpSegment } from './switch-fixture';
import { queueLimits } from './switch-port';
import { flowTimeouts } from './tcp-flows';

const idleMs = 1000;
/** Station 9 is the service, 1 and 2 are its clients. */
const serviceAddress = '10.0.0.9';
const addressOf = (station: number): string => `10.0.0.${station}`;
const service: Partial<PortSpec> = { mac: macOf(9), address: serviceAddress, idleMs };

class Bench {
  readonly clock = new FakeClock(0);
  readonly wanted: string[] = [];
  readonly switch = new Switch(this.clock, undefined, (id) => this.wanted.push(id));
  readonly sinks = new Map<string, TestSink>();
  readonly handles = new Map<string, PortHandle>();

  constructor() {
    for (const station of [1, 2]) this.plug(`client-${station}`, {}).setLink(up);
    this.switch.addSleepingPort(portSpec('service', service));
    for (const station of [1, 2]) this.send(station, ethernet(broadcast, station));
    for (const sink of this.sinks.values()) sink.packets.length = 0;
    this.#lostBefore = this.drops('service').asleep ?? 0;
  }
  readonly #lostBefore: number;

  plug(id: string, more: Partial<PortSpec> = service): PortHandle {
    const sink = new TestSink();
    const handle = this.switch.addPort(portSpec(id, more), sink);
    this.sinks.set(id, sink);
    this.handles.set(id, handle);
    return handle;
  }

  send(station: number, ...frames: (Uint8Array | Packet)[]): void {
    this.handles.get(station === 9 ? 'service' : `client-${station}`)!.receive(slabOf(...frames));
  }

  got(id: string): Uint8Array<ArrayBuffer>[] {
    return this.sinks.get(id)!.frames;
  }

  status(id = 'service') {
    return this.switch.status().find((each) => each.id === id)!;
  }

  drops(id: string): Partial<Record<DropReason, number>> {
    return Object.fromEntries(Object.entries(this.status(id).counters.drops).filter(([, count]) => count > 0));
  }

  /** Frames that were lost at the service since the beginning, by reason. */
  lost(): Partial<Record<DropReason, number>> {
    const { asleep = 0, ...others } = this.drops('service');
    return { ...(asleep > this.#lostBefore && { asleep: asleep - this.#lostBefore }), ...others };
  }

  /** What must hold at any moment. */
  check(): void {
    const totals = this.switch.totals('lab');
    expect(totals.received).toBe(totals.refused + totals.forwarded);
    expect(totals.copies).toBe(totals.delivered + totals.lost + totals.queued);
  }
}

const up = { up: true, offload: false };

function ethernet(to: string, from: number, payload: Uint8Array<ArrayBuffer> = new Uint8Array(46), etherType = 0x88b5) {
  return serializeEthernet({ destination: to, source: macOf(from), tags: [], etherType, payload });
}

function arpRequest(from: number, target = serviceAddress, to = broadcast, senderAddress = addressOf(from)) {
  const payload = serializeArp({
    operation: 1,
    senderMac: macOf(from),
    senderAddress,
    targetMac: '00:00:00:00:00:00',
    targetAddress: target,
  });
  return ethernet(to, from, payload, 0x0806);
}

function ip(from: number, to: number, protocol: number, payload: Uint8Array<ArrayBuffer>, more = {}, mac = macOf(to)) {
  const packet = serializeIpv4({
    trafficClass: 0,
    identification: 1,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: 64,
    protocol,
    source: addressOf(from),
    destination: addressOf(to),
    options: [],
    payload,
    ...more,
  });
  return ethernet(mac, from, packet, 0x0800);
}

/** A segment of the connection between port 5000 of a client and port 80 of the service, either way. */
function tcp(
  from: number,
  to: number,
  flags: number,
  { data = '', port = 5000, sequence = 100, acknowledgment = 0 } = {},
) {
  const [sourcePort, destinationPort] = from === 9 ? [80, port] : [port, 80];
  const payload = serializeTcp(
    {
      sourcePort,
      destinationPort,
      sequence,
      acknowledgment,
      flags,
      window: 1000,
      urgentPointer: 0,
      options: [],
      payload: new TextEncoder().encode(data),
    },
    { source: addressOf(from), destination: addressOf(to) },
  );
  return ip(from, to, ipProtocol.tcp, payload);
}

const { syn, ack, fin, rst, psh } = tcpFlag;

const udp = (from: number, to: number) =>
  ip(
    from,
    to,
    ipProtocol.udp,
    serializeUdp(
      { sourcePort: 5000, destinationPort: 53, payload: new Uint8Array(4) },
      { source: addressOf(from), destination: addressOf(to) },
    ),
  );

const echo = (from: number, to: number) =>
  ip(from, to, ipProtocol.icmp, serializeIcmp({ type: 8, code: 0, rest: 1, payload: new Uint8Array(8) }));

describe('a port that sleeps', () => {
  it('has its address answered for by the switch, to who asks alone, and is not woken by that', () => {
    const bench = new Bench();
    bench.send(1, arpRequest(1));
    const [reply] = bench.got('client-1');
    const frame = parseEthernet(reply!);
    expect(frame).toMatchObject({ destination: macOf(1), source: macOf(9) });
    expect(parseArp(frame.payload)).toEqual({
      operation: 2,
      senderMac: macOf(9),
      senderAddress: serviceAddress,
      targetMac: macOf(1),
      targetAddress: addressOf(1),
    });
    // The other client has the question, as everybody has; only the answer is not for it.
    expect(bench.got('client-2')).toHaveLength(1);
    expect(bench.wanted).toEqual([]);
    expect(bench.status()).toMatchObject({ up: false, asleep: true, queuedFrames: 0, counters: { rxFrames: 1 } });
    bench.check();
  });

  it('is announced when it is made, and not when it wakes or sleeps; an announcement wakes nobody', async () => {
    const bench = new Bench();
    const station = (mac: number) => ({ mac: macOf(mac), address: addressOf(mac) });
    bench.switch.addSleepingPort(portSpec('late', { ...station(8), station: station(8), idleMs }));
    for (const id of ['client-1', 'client-2']) {
      const { source, payload } = parseEthernet(bench.got(id)[0]!);
      expect(source).toBe(macOf(8));
      expect(parseArp(payload)).toMatchObject({ operation: 1, senderAddress: '10.0.0.8', targetAddress: '10.0.0.8' });
    }
    expect(bench.wanted).toEqual([]);
    expect(bench.lost()).toEqual({ asleep: 1 });
    bench.plug('late', { ...station(8), station: station(8), idleMs }).setLink(up);
    await bench.clock.advance(idleMs);
    expect(bench.switch.sleepPorts(['late'])).toBeUndefined();
    expect(bench.got('client-1')).toHaveLength(1);
    bench.check();
  });

  it('is asked for directly and by probes, too, and not for what is not its own', () => {
    const bench = new Bench();
    bench.send(1, arpRequest(1, serviceAddress, macOf(9)));
    bench.send(1, arpRequest(1, serviceAddress, broadcast, '0.0.0.0'));
    expect(bench.got('client-1')).toHaveLength(2);
    bench.send(1, arpRequest(1, '10.0.0.10'));
    expect(bench.got('client-1')).toHaveLength(2);
    bench.check();
  });

  it.each([
    ['a new connection', () => tcp(1, 9, syn)],
    ['data of a connection that it knows nothing of', () => tcp(1, 9, ack | psh, { data: 'x' })],
    ['the end of one', () => tcp(1, 9, ack | fin)],
    ['a datagram', () => udp(1, 9)],
    ['a ping', () => echo(1, 9)],
    ['a connection whose checksum is left to do', () => unfinishedSyn()],
  ])('is woken by %s', (_, frame) => {
    const bench = new Bench();
    bench.send(1, frame());
    expect(bench.wanted).toEqual(['service']);
    expect(bench.status()).toMatchObject({ queuedFrames: 1, asleep: true });
    expect(bench.lost()).toEqual({});
    bench.check();
  });

  it.each<[string, () => Uint8Array]>([
    ['broadcasts', () => ethernet(broadcast, 1)],
    ['a broadcast packet', () => ip(1, 9, ipProtocol.udp, new Uint8Array(8), {}, broadcast)],
    ['a reset', () => tcp(1, 9, rst)],
    ['an acknowledgment', () => tcp(1, 9, ack)],
    ['an answer to what it did not ask', () => tcp(1, 9, syn | ack)],
    [
      'an echo reply',
      () => ip(1, 9, ipProtocol.icmp, serializeIcmp({ type: 0, code: 0, rest: 1, payload: new Uint8Array(0) })),
    ],
    ['a later fragment', () => ip(1, 9, ipProtocol.udp, new Uint8Array(8), { fragmentOffset: 64 })],
    ['a packet for another address', () => ip(1, 10, ipProtocol.udp, new Uint8Array(8), {}, macOf(9))],
    ['another protocol', () => ip(1, 9, 47, new Uint8Array(8))],
    ['a packet cut short', () => udp(1, 9).subarray(0, 20)],
    ['a TCP header cut short', () => ip(1, 9, ipProtocol.tcp, new Uint8Array(8))],
    ['what is no IPv4', () => ethernet(macOf(9), 1)],
  ])('is not woken by %s, which is counted', (_, frame) => {
    const bench = new Bench();
    bench.send(1, frame());
    expect(bench.wanted).toEqual([]);
    expect(bench.lost()).toEqual({ asleep: 1 });
    expect(bench.status().queuedFrames).toBe(0);
    bench.check();
  });

  it('says once that it is wanted, keeps what comes, in order, and gives it to who is plugged in when that is up', () => {
    const bench = new Bench();
    const frames = [tcp(1, 9, syn), tcp(1, 9, syn), tcp(1, 9, ack | psh, { data: 'hello' }), tcp(1, 9, rst)];
    for (const frame of frames.slice(0, 2)) bench.send(1, frame);
    const handle = bench.plug('service');
    bench.send(1, ...frames.slice(2));
    bench.send(1, ethernet(broadcast, 1));
    expect(bench.wanted).toEqual(['service']);
    expect(bench.got('service')).toEqual([]);
    expect(bench.status()).toMatchObject({ asleep: false, up: false, queuedFrames: 4 });
    bench.send(1, arpRequest(1));
    expect(bench.got('client-1')).toHaveLength(1);
    handle.setLink(up);
    expect(bench.got('service')).toEqual(frames);
    expect(bench.lost()).toEqual({ asleep: 2 });
    bench.send(2, ethernet(broadcast, 2));
    expect(bench.got('service')).toHaveLength(5);
    bench.check();
  });

  it('finishes what was left to do when it hands it over', () => {
    const bench = new Bench();
    bench.send(1, unfinishedSyn());
    bench.plug('service').setLink(up);
    const { payload, source, destination } = parseIpv4(parseEthernet(bench.got('service')[0]!).payload);
    expect(parseTcp(payload, { source, destination }).flags).toBe(syn);
  });

  it('keeps a whole slab as it is', () => {
    const bench = new Bench();
    const frames = Array.from({ length: 100 }, (_, index) => tcp(1, 9, syn, { port: 6000 + index }));
    bench.send(1, ...frames);
    bench.plug('service').setLink(up);
    expect(bench.got('service')).toEqual(frames);
    bench.check();
  });

  it('keeps so much and no more, and counts what is lost', () => {
    const bench = new Bench();
    const more = 50;
    for (let sent = 0; sent < queueLimits.frames + more; sent += 1)
      bench.send(1, tcp(1, 9, syn, { port: 2000 + sent }));
    expect(bench.lost()).toEqual({ 'queue-full': more });
    // Who floods it takes nobody's place.
    bench.send(2, tcp(2, 9, syn));
    bench.plug('service').setLink(up);
    expect(bench.got('service')).toHaveLength(queueLimits.frames);
    expect(bench.got('service')).toContainEqual(tcp(2, 9, syn));
    bench.check();
  });

  it('lets nobody else use its MAC or claim its address', () => {
    const bench = new Bench();
    bench.handles.get('client-1')!.receive(slabOf(ethernet(broadcast, 9)));
    expect(bench.drops('client-1')).toEqual({ 'port-security': 1 });
    bench.send(1, arpRequest(1, addressOf(2), broadcast, serviceAddress));
    expect(bench.drops('client-1')).toEqual({ 'port-security': 1, 'arp-guard': 1 });
    bench.send(2, tcp(2, 9, syn));
    expect(bench.wanted).toEqual(['service']);
    bench.check();
  });

  it('is nobody to another network', () => {
    const bench = new Bench();
    const other = bench.plug('other', { network: 'other' });
    other.setLink(up);
    other.receive(slabOf(arpRequest(1), tcp(1, 9, syn)));
    expect(bench.wanted).toEqual([]);
    expect(bench.got('other')).toEqual([]);
    expect(bench.switch.totals('other')).toMatchObject({ received: 2, copies: 0 });
  });

  it('takes another label, and nothing else, while it sleeps', () => {
    const bench = new Bench();
    bench.send(1, tcp(1, 9, syn));
    bench.switch.addSleepingPort({ ...portSpec('service', service), label: 'renamed eth0' });
    expect(bench.status()).toMatchObject({ label: 'renamed eth0', queuedFrames: 1 });
    const other = portSpec('service', { ...service, mac: macOf(8) });
    expect(() => bench.switch.addSleepingPort(other)).toThrow(expect.objectContaining({ code: 'AlreadyExists' }));
    bench.plug('service');
    expect(() => bench.plug('service')).toThrow(expect.objectContaining({ code: 'AlreadyExists' }));
  });

  it('is gone with what waited when it is removed, and its address is free', () => {
    const bench = new Bench();
    bench.send(1, tcp(1, 9, syn));
    bench.switch.removePort('service');
    bench.check();
    bench.send(1, arpRequest(1), tcp(1, 9, syn));
    expect(bench.wanted).toEqual(['service']);
    expect(bench.got('client-1')).toEqual([]);
    bench.handles.get('client-2')!.receive(slabOf(ethernet(broadcast, 9)));
    expect(bench.drops('client-2')).toEqual({});
  });

  it.each<[string, Partial<PortSpec>]>([
    ['a MAC', { address: serviceAddress, idleMs }],
    ['an address', { mac: macOf(9), idleMs }],
    ['a time', { ...service, idleMs: 0 }],
  ])('needs %s', (_, spec) => {
    const { switch: made } = new Bench();
    expect(() => made.addSleepingPort(portSpec('more', spec))).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
    expect(made.status().map(({ id }) => id)).not.toContain('more');
  });
});

describe('a port whose owner cannot be woken', () => {
  it('refuses the connections that waited, drops the rest, counts both, and can be woken again at once', () => {
    const bench = new Bench();
    bench.send(1, tcp(1, 9, syn, { sequence: 0xffff_ffff }), udp(1, 9));
    bench.send(2, unfinishedSyn(2));
    bench.switch.refusePort('service', 0);
    const [reset] = bench.got('client-1');
    const frame = parseEthernet(reset!);
    expect(frame).toMatchObject({ destination: macOf(1), source: macOf(9) });
    const packet = parseIpv4(frame.payload);
    expect(packet).toMatchObject({ source: serviceAddress, destination: addressOf(1) });
    expect(parseTcp(packet.payload, packet)).toMatchObject({
      sourcePort: 80,
      destinationPort: 5000,
      sequence: 0,
      acknowledgment: 0,
      flags: rst | ack,
    });
    expect(bench.got('client-1')).toHaveLength(1);
    expect(bench.got('client-2')).toHaveLength(1);
    expect(bench.lost()).toEqual({ 'wake-failed': 3 });
    bench.send(1, tcp(1, 9, syn));
    expect(bench.wanted).toEqual(['service', 'service']);
    bench.check();
  });

  it('refuses for a while, and asks for nothing meanwhile', async () => {
    const bench = new Bench();
    bench.send(1, tcp(1, 9, syn));
    bench.switch.refusePort('service', 500);
    bench.send(1, tcp(1, 9, syn), arpRequest(1));
    expect(bench.got('client-1')).toHaveLength(3);
    expect(bench.wanted).toHaveLength(1);
    expect(bench.lost()).toEqual({ 'wake-failed': 2, asleep: 1 });
    await bench.clock.advance(500);
    bench.send(1, tcp(1, 9, syn));
    expect(bench.wanted).toHaveLength(2);
    expect(bench.status().queuedFrames).toBe(1);
    bench.check();
  });

  it('keeps what waits when one try fails and another follows', () => {
    const bench = new Bench();
    bench.send(1, tcp(1, 9, syn));
    bench.plug('service');
    bench.switch.unplugPort('service');
    bench.plug('service').setLink(up);
    expect(bench.got('service')).toEqual([tcp(1, 9, syn)]);
    bench.check();
  });

  it('is asked again for by the next frame when it was unplugged before it was up', () => {
    const bench = new Bench();
    bench.plug('service');
    bench.send(1, tcp(1, 9, syn));
    expect(bench.wanted).toEqual([]);
    bench.switch.unplugPort('service');
    bench.send(1, tcp(1, 9, syn));
    expect(bench.wanted).toEqual(['service']);
    expect(bench.status().queuedFrames).toBe(2);
  });
});

describe('a port that is awake', () => {
  function awake(): Bench {
    const bench = new Bench();
    bench.plug('service').setLink(up);
    return bench;
  }
  const sleep = (bench: Bench): number | undefined => bench.switch.sleepPorts(['service']);

  it('can sleep once nothing has passed for its time, and is woken by the next packet', async () => {
    const bench = awake();
    await bench.clock.advance(400);
    bench.send(1, udp(1, 9));
    await bench.clock.advance(300);
    expect(sleep(bench)).toBe(700);
    await bench.clock.advance(700);
    expect(sleep(bench)).toBeUndefined();
    expect(bench.status()).toMatchObject({ up: false, asleep: true });
    // What it says last is heard by nobody; what comes is kept.
    bench.send(9, ethernet(broadcast, 9));
    expect(bench.got('client-1')).toEqual([]);
    bench.send(1, tcp(1, 9, syn));
    expect(bench.wanted).toEqual(['service']);
    bench.check();
  });

  it('is kept awake by what it sends to one station, but not by broadcasts', async () => {
    const bench = awake();
    await bench.clock.advance(900);
    bench.send(9, udp(9, 1));
    await bench.clock.advance(900);
    bench.send(9, ethernet(broadcast, 9));
    bench.send(1, ethernet(broadcast, 1), arpRequest(1));
    expect(sleep(bench)).toBe(100);
    await bench.clock.advance(100);
    expect(sleep(bench)).toBeUndefined();
  });

  it('does not sleep while a connection is open, however silent, until both sides have closed it', async () => {
    const bench = awake();
    bench.send(1, tcp(1, 9, syn));
    bench.send(9, tcp(9, 1, syn | ack));
    bench.send(1, tcp(1, 9, ack));
    await bench.clock.advance(flowTimeouts.established - 1);
    expect(sleep(bench)).toBe(idleMs);
    bench.send(1, tcp(1, 9, fin | ack));
    await bench.clock.advance(idleMs);
    expect(sleep(bench)).toBe(idleMs);
    bench.send(9, tcp(9, 1, fin | ack, { sequence: 0xffff_ffff, acknowledgment: 101 }));
    bench.send(1, tcp(1, 9, ack, { acknowledgment: 0 }));
    expect(sleep(bench)).toBe(idleMs);
    await bench.clock.advance(idleMs);
    expect(sleep(bench)).toBeUndefined();
  });

  it('stays awake for whoever has not heard yet that their end was heard', async () => {
    const bench = awake();
    bench.send(1, tcp(1, 9, syn));
    bench.send(9, tcp(9, 1, fin | ack, { sequence: 500, acknowledgment: 101 }));
    bench.send(1, tcp(1, 9, fin | ack, { sequence: 101, acknowledgment: 501 }));
    await bench.clock.advance(10 * idleMs);
    expect(sleep(bench)).toBe(idleMs);
    bench.send(9, tcp(9, 1, ack, { sequence: 501, acknowledgment: 102 }));
    await bench.clock.advance(idleMs);
    expect(sleep(bench)).toBeUndefined();
  });

  it('knows of a connection that woke it', async () => {
    const bench = new Bench();
    bench.send(1, tcp(1, 9, syn));
    bench.plug('service').setLink(up);
    bench.send(9, tcp(9, 1, syn | ack));
    bench.send(1, tcp(1, 9, ack));
    await bench.clock.advance(10 * idleMs);
    expect(sleep(bench)).toBe(idleMs);
  });

  it.each<[string, (bench: Bench) => void, number]>([
    ['reset by it', (bench) => bench.send(9, tcp(9, 1, rst)), idleMs],
    ['reset by the other side', (bench) => bench.send(1, tcp(1, 9, rst)), idleMs],
    ['never answered', () => {}, flowTimeouts.transitory],
    ['given up by its client', (bench) => bench.send(9, tcp(9, 1, ack), tcp(9, 1, fin | ack)), flowTimeouts.transitory],
    ['silent for longer than keep-alive', (bench) => bench.send(9, tcp(9, 1, ack)), flowTimeouts.established],
  ])('forgets a connection that is %s', async (_, end, afterMs) => {
    const bench = awake();
    bench.send(1, tcp(1, 9, syn));
    end(bench);
    await bench.clock.advance(afterMs - 1);
    expect(sleep(bench)).toBeGreaterThan(0);
    await bench.clock.advance(1);
    expect(sleep(bench)).toBeUndefined();
  });

  it('knows a connection from before the switch was started again by its data', async () => {
    const bench = awake();
    bench.send(1, tcp(1, 9, ack | psh, { data: 'x' }));
    await bench.clock.advance(2 * idleMs);
    expect(sleep(bench)).toBe(idleMs);
  });

  it('does not sleep while it is paused, or has frames to take', async () => {
    const bench = awake();
    bench.handles.get('service')!.setLink({ up: false, offload: false });
    await bench.clock.advance(idleMs);
    expect(sleep(bench)).toBe(idleMs);
    // As of any port that is down.
    bench.send(1, tcp(1, 9, syn));
    expect(bench.lost()).toEqual({ 'port-down': 1 });
    bench.handles.get('service')!.setLink(up);
    bench.sinks.get('service')!.windowFrames = 0;
    bench.send(1, udp(1, 9));
    await bench.clock.advance(10 * idleMs);
    expect(sleep(bench)).toBe(idleMs);
    bench.check();
  });

  it('sleeps only with all others of its owner', async () => {
    const bench = awake();
    const second = { network: 'other', mac: macOf(10), address: '10.1.0.9', idleMs };
    bench.plug('second', second).setLink(up);
    await bench.clock.advance(idleMs / 2);
    bench.send(1, udp(1, 9));
    await bench.clock.advance(idleMs / 2);
    expect(bench.switch.sleepPorts(['second', 'service'])).toBe(idleMs / 2);
    expect(bench.status('second').up).toBe(true);
    await bench.clock.advance(idleMs / 2);
    expect(bench.switch.sleepPorts(['second', 'service'])).toBeUndefined();
    expect([bench.status(), bench.status('second')]).toMatchObject([{ asleep: true }, { asleep: true }]);
  });

  it('sleeps when it is unplugged in the middle of everything: it has crashed', () => {
    const bench = awake();
    bench.send(1, tcp(1, 9, syn), tcp(1, 9, ack | psh, { data: 'x' }));
    bench.switch.unplugPort('service');
    bench.handles.get('service')!.setLink(up);
    expect(bench.status()).toMatchObject({ up: false, asleep: true });
    bench.send(1, tcp(1, 9, ack | psh, { data: 'y' }));
    expect(bench.wanted).toEqual(['service']);
    bench.check();
  });

  it('forgets the oldest of too many beginnings, and none that is established', async () => {
    const bench = awake();
    bench.send(1, tcp(1, 9, syn, { port: 1 }));
    bench.send(1, tcp(1, 9, ack, { port: 1 }));
    for (let port = 2; port < 5000; port += 1) bench.send(1, tcp(1, 9, syn, { port }));
    await bench.clock.advance(flowTimeouts.transitory);
    expect(sleep(bench)).toBe(idleMs);
    bench.send(1, tcp(1, 9, rst, { port: 1 }));
    await bench.clock.advance(idleMs);
    expect(sleep(bench)).toBeUndefined();
  });
});

/** As Linux leaves it to its card: without the checksum. */
function unfinishedSyn(from = 1): Packet {
  const packet = tcpSegment({ version: 4, payload: new Uint8Array(0), to: macOf(9), from: macOf(from), flags: syn }, 0);
  // From 10.0.0.2 to 10.0.0.3, as the fixture has it, to the address of the service.
  const frame = tcp(from, 9, syn);
  packet.frame.set(frame.subarray(14, 34), 14);
  const view = new DataView(packet.frame.buffer);
  const pseudo = [from, 9].reduce((sum, station) => sum + 0x0a00 + station, 0) + ipProtocol.tcp + 20;
  view.setUint16(50, pseudo);
  return packet;
}
