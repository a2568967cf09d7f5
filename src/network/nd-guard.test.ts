import { describe, expect, it } from 'vitest';
import type { DropReason, PortSpec } from '../api/network';
import { FakeClock } from '../base/fake-clock';
import { parseIpAddress } from '../formats/ip-address';
import { type PortHandle, Switch } from './switch';
import { ethernet, macOf, portSpec, slabOf, TestSink } from './switch-fixture';

const allNodes = '33:33:00:00:00:01';

/** The address that a kernel gives itself on its link, of the MAC of that station. */
const linkLocal = (station: number): string => `fe80::ff:fe00:${station.toString(16)}`;

/** A header between IPv6's and what it carries: how long it is, and what stands in it but for the next one's number. */
interface Extension {
  readonly protocol: number;
  readonly rest: readonly number[];
}

const options = (protocol: number, units = 0): Extension => {
  return { protocol, rest: [units, 1, 4, 0, 0, 0, 0, ...new Array<number>(units * 8).fill(0)] };
};
const fragment = (offset: number): Extension => {
  return { protocol: 44, rest: [0, (offset << 3) >> 8, ((offset << 3) & 255) | 1, 0, 0, 0, 1] };
};

interface PacketOptions {
  readonly source?: string;
  readonly extensions?: readonly Extension[];
  readonly tags?: readonly number[];
}

/** A packet of station 1's, with its headers by hand. */
function packet(protocol: number, payload: readonly number[], more: PacketOptions = {}): Uint8Array<ArrayBuffer> {
  const { source = linkLocal(1), extensions = [], tags = [] } = more;
  const numbers = [...extensions.map((each) => each.protocol), protocol];
  const carried = [...extensions.flatMap(({ rest }, index) => [numbers[index + 1] ?? 0, ...rest]), ...payload];
  const head = [0x60, 0, 0, 0, carried.length >> 8, carried.length & 255, numbers[0] ?? 0, 255];
  const body = Uint8Array.of(...head, ...parseIpAddress(source), ...parseIpAddress('ff02::1'), ...carried);
  return ethernet(allNodes, macOf(1), body, [...tags, 0x86dd]);
}

const icmp = (type: number, rest: readonly number[], more: PacketOptions = {}) =>
  packet(58, [type, 0, 0, 0, 0, 0, 0, 0, ...rest], more);
const routerAdvertisement = (more: PacketOptions = {}) => icmp(134, new Array<number>(8).fill(0), more);
const neighbour = (type: number, target: string, more: PacketOptions = {}) =>
  icmp(type, [...parseIpAddress(target)], more);
const solicit = (target: string, more: PacketOptions = {}) => neighbour(135, target, more);
const advertise = (target: string, more: PacketOptions = {}) => neighbour(136, target, more);
const udp = (from: number, to: number, more: PacketOptions = {}) =>
  packet(17, [from >> 8, from & 255, to >> 8, to & 255, 0, 8, 0, 0], more);

class Bench {
  readonly switch = new Switch(new FakeClock(0));
  readonly #handles = new Map<string, PortHandle>();

  add(id: string, more: Partial<PortSpec> = {}): TestSink {
    const sink = new TestSink();
    const handle = this.switch.addPort(portSpec(id, more), sink);
    handle.setLink({ up: true, offload: true });
    this.#handles.set(id, handle);
    return sink;
  }

  /** What became of it. */
  send(id: string, frame: Uint8Array): Partial<Record<DropReason, number>> {
    this.#handles.get(id)!.receive(slabOf(frame));
    const { counters } = this.switch.status().find((each) => each.id === id)!;
    return Object.fromEntries(Object.entries(counters.drops).filter(([, count]) => count > 0));
  }
}

/** Station 1 is a machine of the lab, 2 another, 3 a container behind the first; the gateway is the only server. */
function network(): Bench {
  const bench = new Bench();
  const station = (number: number) => ({ mac: macOf(number), address: `10.0.0.${number}` });
  bench.add('gateway', { ...station(9), dhcpServer: true });
  bench.add('one', { station: station(1) });
  bench.add('two', { station: station(2) });
  bench.switch.setStations([{ port: 'one', ...station(3) }]);
  return bench;
}

describe('what only routers and servers of IPv6 say', () => {
  const anyOptions = options(60);

  it.each<[string, Uint8Array]>([
    ['a router’s advertisement', routerAdvertisement()],
    ['a redirect', icmp(137, new Array<number>(32).fill(0))],
    ['an answer of DHCPv6', udp(547, 546)],
    ['one from another port', udp(5000, 546)],
    ['one to a relay', udp(547, 547)],
    ['one behind options', routerAdvertisement({ extensions: [options(0), options(60, 2)] })],
    ['one in a first fragment', routerAdvertisement({ extensions: [fragment(0)] })],
    ['one behind a VLAN tag', routerAdvertisement({ tags: [0x8100, 5] })],
    [
      'one behind an authentication header',
      udp(5000, 546, { extensions: [{ protocol: 51, rest: [1, ...new Array<number>(10).fill(0)] }] }),
    ],
    ['whatever hides behind too many headers', udp(53, 53, { extensions: new Array<Extension>(7).fill(anyOptions) })],
    [
      'whatever hides behind the end of a first fragment',
      udp(53, 53, { extensions: [options(60)] }).slice(0, 14 + 40 + 4),
    ],
    ['a header that is cut off', udp(53, 53).slice(0, 40)],
  ])('comes from no other port: %s', (_, frame) => {
    expect(network().send('one', frame)).toEqual({ 'ra-guard': 1 });
  });

  it.each<[string, Uint8Array]>([
    ['a router’s solicitation', icmp(133, [])],
    ['an echo', icmp(128, [])],
    ['a question of DHCPv6', udp(546, 547)],
    ['a report of groups, behind an option', icmp(143, [0, 0, 0, 0], { extensions: [options(0)] })],
    ['a later fragment', routerAdvertisement({ extensions: [fragment(185)] })],
    ['as many headers as a packet has', udp(53, 53, { extensions: new Array<Extension>(6).fill(anyOptions) })],
    ['TCP', packet(6, [2, 35, 0, 80, ...new Array<number>(16).fill(0)])],
    ['nothing at all', packet(59, [])],
    ['a message without its type', packet(58, [])],
  ])('is nothing else: %s', (_, frame) => {
    expect(network().send('one', frame)).toEqual({});
  });

  it.each([
    ['a message that begins in the next one', packet(58, [], { extensions: [fragment(0), options(60)] })],
    ['half a port', packet(17, [2], { extensions: [fragment(0)] })],
    ['a port and not the other', packet(17, [19, 136, 2], { extensions: [fragment(0)] })],
  ])('may not be hidden in fragments, of which the first has %s', (_, frame) => {
    const bench = new Bench();
    bench.add('gateway', { dhcpServer: true });
    bench.add('a');
    expect(bench.send('a', frame)).toEqual({ 'ra-guard': 1 });
  });

  it('may come from anybody where nobody is there to say it', () => {
    const bench = network();
    bench.switch.removePort('gateway');
    expect(bench.send('one', routerAdvertisement())).toEqual({});
    expect(bench.send('one', udp(53, 53).slice(0, 40))).toEqual({});
  });
});

describe('neighbour discovery', () => {
  it.each<[string, Uint8Array, boolean]>([
    ['its own address', advertise(linkLocal(1)), true],
    ['that of a station behind it', advertise(linkLocal(3)), true],
    ['an address that nobody’s MAC is in', advertise('fe80::1'), true],
    ['an address of a MAC that nobody has', advertise(linkLocal(7)), true],
    ['another machine’s', advertise(linkLocal(2)), false],
    ['the gateway’s', advertise(linkLocal(9)), false],
    ['another’s with another prefix', advertise('fd00::ff:fe00:2'), false],
    ['another’s behind options', advertise(linkLocal(2), { extensions: [options(60)] }), false],
    ['another’s in a first fragment', advertise(linkLocal(2), { extensions: [fragment(0)] }), false],
    ['another’s behind a VLAN tag', advertise(linkLocal(2), { tags: [0x8100, 5] }), false],
    ['less than an address', advertise(linkLocal(1)).slice(0, 14 + 40 + 20), false],
    ['its own, asking for another’s', solicit(linkLocal(2)), true],
    ['another’s, as who asks', solicit(linkLocal(1), { source: linkLocal(2) }), false],
    ['its own, to see whether it is free', solicit(linkLocal(1), { source: '::' }), true],
    ['another’s, to see whether it is free', solicit(linkLocal(2), { source: '::' }), false],
  ])('that claims %s', (_, frame, passes) => {
    expect(network().send('one', frame)).toEqual(passes ? {} : { 'nd-guard': 1 });
  });

  it('leaves an address to others once its station has gone', () => {
    const bench = network();
    bench.switch.removePort('two');
    expect(bench.send('one', advertise(linkLocal(2)))).toEqual({});
    bench.switch.setStations([]);
    bench.add('four');
    expect(bench.send('four', ethernet(allNodes, macOf(4), advertise(linkLocal(3)).subarray(14), [0x86dd]))).toEqual(
      {},
    );
  });

  it('of a port with a MAC of its own claims no address of any other', () => {
    const bench = network();
    bench.add('own', { mac: macOf(5), address: '10.0.0.5' });
    const from = (frame: Uint8Array) => ethernet(allNodes, macOf(5), frame.subarray(14), [0x86dd]);
    expect(bench.send('own', from(advertise(linkLocal(5))))).toEqual({});
    expect(bench.send('own', from(advertise(linkLocal(7))))).toEqual({ 'nd-guard': 1 });
  });
});
