import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DropReason, PortSpec, PortStatus } from '../api/network';
import { toHex } from '../base/bytes';
import type { SandboxError } from '../base/errors';
import { FakeClock } from '../base/fake-clock';
import { parseArp } from '../formats/wire/arp';
import { parseEthernet } from '../formats/wire/ethernet';
import { ageingMs, maxStations } from './forwarding-database';
import { finishFrame } from './offload';
import { type PortHandle, Switch } from './switch';
import {
  arpClaim,
  broadcast,
  ethernet,
  macOf,
  type Packet,
  portSpec,
  slabOf,
  TestSink,
  tcpSegment,
} from './switch-fixture';
import { queueLimits, stormLimits } from './switch-port';

class Bench {
  readonly clock = new FakeClock(0);
  readonly switch = new Switch(this.clock);
  readonly sinks = new Map<string, TestSink>();
  readonly handles = new Map<string, PortHandle>();

  add(id: string, more: Partial<PortSpec> = {}, link = { up: true, offload: true }): TestSink {
    const sink = new TestSink();
    const handle = this.switch.addPort(portSpec(id, more), sink);
    handle.setLink(link);
    this.sinks.set(id, sink);
    this.handles.set(id, handle);
    return sink;
  }

  send(id: string, ...packets: (Uint8Array | Packet)[]): 'kept' | undefined {
    return this.handles.get(id)!.receive(slabOf(...packets));
  }

  /** A frame from the station of that port, so that it is known. */
  announce(id: string, station: number): void {
    this.send(id, ethernet(broadcast, macOf(station)));
  }

  status(id: string): PortStatus {
    return this.switch.status().find((each) => each.id === id)!;
  }

  drops(id: string): Partial<Record<DropReason, number>> {
    return Object.fromEntries(Object.entries(this.status(id).counters.drops).filter(([, count]) => count > 0));
  }

  counts(): number[] {
    return [...this.sinks.values()].map(({ packets }) => packets.length);
  }

  /** What must hold at any moment. */
  check(network = 'lab'): void {
    const totals = this.switch.totals(network);
    expect(totals.received).toBe(totals.refused + totals.forwarded);
    expect(totals.copies).toBe(totals.delivered + totals.lost + totals.queued);
  }
}

function trio(): Bench {
  const bench = new Bench();
  for (const id of ['a', 'b', 'c']) bench.add(id);
  return bench;
}

describe('learning and forwarding', () => {
  it('floods what is for nobody it knows, and sends what is for a known station to its port alone', () => {
    const bench = trio();
    bench.send('a', ethernet(macOf(2), macOf(1)));
    expect(bench.counts()).toEqual([0, 1, 1]);
    bench.send('b', ethernet(macOf(1), macOf(2)));
    expect(bench.counts()).toEqual([1, 1, 1]);
    expect(bench.switch.fdb().map(({ mac, port }) => [mac, port])).toEqual([
      [macOf(1), 'a'],
      [macOf(2), 'b'],
    ]);
  });

  it('passes a slab for one port on without copying it, and the frames are the same either way', () => {
    const bench = trio();
    bench.announce('b', 2);
    const frames = [1, 2, 3].map((mark) => ethernet(macOf(2), macOf(1), new Uint8Array(50).fill(mark)));
    expect(bench.send('a', ...frames)).toBe('kept');
    expect(bench.sinks.get('b')!.forwarded).toBe(1);
    expect(bench.send('a', ...frames, ethernet(macOf(1), macOf(1)))).toBeUndefined();
    expect(bench.sinks.get('b')!.forwarded).toBe(1);
    expect(bench.sinks.get('b')!.frames).toEqual([...frames, ...frames]);
    expect(bench.drops('a')).toEqual({ 'same-port': 1 });
    bench.check();
  });

  it('follows a station that moves', () => {
    const bench = trio();
    bench.announce('a', 1);
    bench.announce('b', 1);
    bench.send('c', ethernet(macOf(1), macOf(3)));
    expect(bench.switch.fdb('lab').find(({ mac }) => mac === macOf(1))?.port).toBe('b');
    expect(bench.counts()).toEqual([1, 2, 2]);
  });

  it('forgets a station after the ageing time, and floods again', async () => {
    const bench = trio();
    bench.announce('b', 2);
    await bench.clock.advance(ageingMs + 1);
    bench.send('a', ethernet(macOf(2), macOf(1)));
    expect(bench.counts()).toEqual([1, 1, 2]);
  });

  it('never learns a group address as a source', () => {
    const bench = trio();
    bench.send('a', ethernet(macOf(2), '01:00:5e:00:00:01'), ethernet(macOf(2), broadcast));
    expect(bench.switch.fdb()).toEqual([]);
    bench.send('b', ethernet(broadcast, macOf(2)));
    expect(bench.counts()).toEqual([1, 2, 3]);
  });

  it('keeps networks apart, whatever addresses they use', () => {
    const bench = trio();
    const other = bench.add('d', { network: 'other' });
    bench.announce('a', 1);
    bench.announce('d', 1);
    bench.send('b', ethernet(macOf(1), macOf(2)));
    expect(other.packets).toEqual([]);
    expect(bench.counts()).toEqual([1, 1, 1, 0]);
    expect(bench.switch.fdb().map(({ network, port }) => [network, port])).toEqual([
      ['lab', 'a'],
      ['lab', 'b'],
      ['other', 'd'],
    ]);
  });

  it('forgets stations and frames of a port that went away', () => {
    const bench = trio();
    bench.announce('b', 2);
    bench.sinks.get('b')!.windowFrames = 0;
    bench.send('a', ethernet(macOf(2), macOf(1)));
    const handle = bench.handles.get('b')!;
    bench.switch.removePort('b');
    bench.switch.removePort('b');
    expect(handle.receive(slabOf(ethernet(macOf(1), macOf(2))))).toBeUndefined();
    expect(bench.switch.fdb().map(({ port }) => port)).toEqual(['a']);
    expect(bench.switch.totals('lab')).toEqual({
      received: 2,
      refused: 0,
      forwarded: 2,
      copies: 3,
      delivered: 2,
      lost: 1,
      queued: 0,
    });
    bench.add('b');
    bench.check();
  });

  it('removes a network with its ports', () => {
    const bench = trio();
    bench.add('d', { network: 'other' });
    expect(bench.switch.removeNetwork('lab')).toEqual(['a', 'b', 'c']);
    expect(bench.switch.status().map(({ id }) => id)).toEqual(['d']);
    expect(bench.switch.removeNetwork('lab')).toEqual([]);
  });

  it('refuses a port twice, and addresses that are none', () => {
    const bench = trio();
    const codeOf = (spec: PortSpec) => {
      try {
        bench.switch.addPort(spec, new TestSink());
        return undefined;
      } catch (error) {
        return (error as SandboxError).code;
      }
    };
    expect(codeOf(portSpec('a'))).toBe('AlreadyExists');
    expect(codeOf(portSpec('x', { mac: 'me' }))).toBe('InvalidArgument');
    expect(codeOf(portSpec('x', { address: '10.0.0' }))).toBe('InvalidArgument');
    expect(codeOf(portSpec('x'))).toBeUndefined();
  });
});

describe('a port that is down', () => {
  it('neither sends nor receives a single frame, and each is counted', () => {
    const bench = trio();
    bench.announce('b', 2);
    bench.handles.get('b')!.setLink({ up: false, offload: true });
    bench.send('b', ethernet(broadcast, macOf(2)), ethernet(macOf(1), macOf(2)));
    bench.send('a', ethernet(macOf(2), macOf(1)), ethernet(broadcast, macOf(1)));
    expect(bench.counts()).toEqual([1, 0, 3]);
    expect(bench.drops('b')).toEqual({ 'port-down': 4 });
    expect(bench.switch.fdb().map(({ port }) => port)).toEqual(['a']);
    bench.check();
  });

  it('starts that way', () => {
    const bench = new Bench();
    bench.switch.addPort(portSpec('new'), new TestSink());
    expect(bench.status('new').up).toBe(false);
  });

  it('drops what waited for it', () => {
    const bench = trio();
    bench.announce('b', 2);
    bench.sinks.get('b')!.windowFrames = 0;
    bench.send('a', ethernet(macOf(2), macOf(1)));
    expect(bench.status('b').queuedFrames).toBe(1);
    bench.handles.get('b')!.setLink({ up: false, offload: true });
    expect(bench.drops('b')).toEqual({ 'port-down': 1 });
    expect(bench.status('b').queuedFrames).toBe(0);
    bench.check();
  });
});

describe('what a frame may be', () => {
  it.each([
    ['a runt', new Uint8Array(13), { malformed: 1 }],
    ['no frame at all', new Uint8Array(0), { malformed: 1 }],
    ['the shortest', ethernet(broadcast, macOf(1), new Uint8Array(0)), {}],
    ['the longest', ethernet(broadcast, macOf(1), new Uint8Array(1500)), {}],
    ['one byte too many', ethernet(broadcast, macOf(1), new Uint8Array(1501)), { 'too-long': 1 }],
    ['a jumbo', ethernet(broadcast, macOf(1), new Uint8Array(9000)), { 'too-long': 1 }],
    ['the longest with a tag', ethernet(broadcast, macOf(1), new Uint8Array(1500), [0x8100, 5, 0x800]), {}],
    ['too many with a tag', ethernet(broadcast, macOf(1), new Uint8Array(1501), [0x8100, 5, 0x800]), { 'too-long': 1 }],
    ['two tags', ethernet(broadcast, macOf(1), new Uint8Array(1496), [0x88a8, 7, 0x8100, 5, 0x800]), {}],
    ['only tags', ethernet(broadcast, macOf(1), new Uint8Array(0), [0x8100, 5, 0x8100, 5, 0x8100]), {}],
  ])('%s', (_, frame, drops) => {
    const bench = trio();
    bench.send('a', frame);
    const delivered = Object.keys(drops).length === 0 ? 1 : 0;
    expect(bench.drops('a')).toEqual(drops);
    expect(bench.counts()).toEqual([0, delivered, delivered]);
    if (delivered) expect(bench.sinks.get('b')!.frames).toEqual([frame]);
    bench.check();
  });

  it('carries jumbo frames where the network does', () => {
    const bench = trio();
    bench.switch.setMtu('lab', 9000);
    bench.send('a', ethernet(broadcast, macOf(1), new Uint8Array(9000)));
    expect(bench.counts()).toEqual([0, 1, 1]);
  });

  it('measures a segment by the frames it will be cut into', () => {
    const bench = trio();
    const payload = new Uint8Array(60_000);
    bench.send('a', tcpSegment({ version: 4, payload }, 1460));
    expect(bench.counts()).toEqual([0, 1, 1]);
    bench.send('a', tcpSegment({ version: 4, payload }, 1461));
    expect(bench.drops('a')).toEqual({ 'too-long': 1 });
  });

  it('counts a damaged slab once, and delivers what was before the damage', () => {
    const bench = trio();
    const slab = slabOf(ethernet(broadcast, macOf(1)), ethernet(broadcast, macOf(1)));
    new DataView(slab.buffer).setUint32(76, 0xffff_ffff, true);
    bench.handles.get('a')!.receive(slab);
    expect(bench.drops('a')).toEqual({ malformed: 1 });
    expect(bench.status('a').counters.rxFrames).toBe(2);
    expect(bench.counts()).toEqual([0, 1, 1]);
    bench.check();
  });

  it('never throws and never miscounts, whatever bytes come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 120, size: 'max' }), { maxLength: 12 }),
        fc.nat(2000),
        (slabs, bytes) => {
          const bench = trio();
          for (const noise of slabs) {
            const slab = slabOf(ethernet(macOf(2), macOf(1)), ethernet(broadcast, macOf(3)));
            new Uint8Array(slab.buffer).set(noise);
            bench.handles.get('a')!.receive({ buffer: slab.buffer, bytes: Math.min(bytes, 4096) });
          }
          bench.check();
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('offloads', () => {
  const payload = Uint8Array.from({ length: 20_000 }, (_, index) => index & 255);

  it('leave a segment whole for a port that can take it', () => {
    const bench = trio();
    bench.announce('b', 2);
    const packet = tcpSegment({ version: 6, payload }, 1440);
    bench.send('a', packet);
    expect(bench.sinks.get('b')!.packets).toEqual([packet]);
    expect(bench.sinks.get('b')!.forwarded).toBe(1);
  });

  it.each([
    ['by its own word', {}, { up: true, offload: false }],
    ['by its specification', { offload: false }, { up: true, offload: true }],
  ])('are done in software for a port that cannot, %s', (_, spec, link) => {
    const bench = trio();
    const plain = bench.add('d', spec, link);
    bench.announce('d', 4);
    bench.send('a', tcpSegment({ version: 4, payload, to: macOf(4) }, 1460));
    expect(plain.packets).toHaveLength(Math.ceil(payload.length / 1460));
    expect(plain.packets.every(({ header }) => header.every((byte) => byte === 0))).toBe(true);
    expect(plain.frames.flatMap((frame) => [...frame.subarray(54)])).toEqual([...payload]);
    // The pieces count as the one frame that came in.
    expect(bench.status('d').counters.txFrames).toBe(1);
    bench.check();
  });

  it('wait for room for all pieces of a segment', () => {
    const bench = trio();
    const plain = bench.add('d', {}, { up: true, offload: false });
    bench.announce('d', 4);
    plain.windowFrames = 5;
    bench.send('a', tcpSegment({ version: 4, payload, to: macOf(4) }, 1460));
    expect(plain.packets).toEqual([]);
    plain.windowFrames = 14;
    bench.handles.get('d')!.drain();
    expect(plain.packets).toHaveLength(14);
  });

  it('get frames of one flow as one segment, and who has none gets them as they came', () => {
    const bench = trio();
    const plain = bench.add('d', {}, { up: true, offload: false });
    bench.announce('b', 2);
    bench.announce('d', 4);
    for (const sink of bench.sinks.values()) sink.packets.length = 0;
    const framesFor = (to: string) => {
      const { header, frame } = tcpSegment({ version: 4, payload, to, flags: 0x10 }, 1460);
      return finishFrame(Uint8Array.of(...header, ...frame));
    };
    const [toGuest, toPlain] = [framesFor(macOf(2)), framesFor(macOf(4))];
    const stranger = ethernet(macOf(2), macOf(1));
    // Alone, with others behind them, and in the way of a queue.
    expect(bench.send('a', ...toGuest)).toBeUndefined();
    expect(bench.send('a', ...toPlain)).toBe('kept');
    bench.sinks.get('b')!.windowFrames = 1;
    bench.send('a', ...toGuest, stranger, ...toPlain);
    bench.check();
    expect(bench.status('b')).toMatchObject({ queuedFrames: 1, counters: { txFrames: 3 } });
    bench.sinks.get('b')!.windowFrames = 1;
    bench.handles.get('b')!.drain();
    const guest = bench.sinks.get('b')!;
    expect(guest.frames.map(({ length }) => length)).toEqual([54 + payload.length, 54 + payload.length, 60]);
    expect(guest.frames.slice(0, 2).flatMap((frame) => [...frame.subarray(54)])).toEqual([...payload, ...payload]);
    expect(plain.frames.map((frame) => toHex(frame))).toEqual([...toPlain, ...toPlain].map((frame) => toHex(frame)));
    expect(bench.switch.totals('lab')).toMatchObject({ received: 2 + 4 * 14 + 1, refused: 0 });
    bench.check();
  });

  it('are not believed from a sender that lies about them', () => {
    const bench = trio();
    const packet = tcpSegment({ version: 4, payload }, 1460);
    packet.header[6] = 0xff;
    packet.header[7] = 0xff;
    bench.send('a', packet);
    expect(bench.drops('a')).toEqual({ malformed: 1 });
  });
});

describe('storm control', () => {
  it('lets the burst and the rate through, and counts the rest', async () => {
    const bench = trio();
    const flood = (frames: number) => {
      for (let sent = 0; sent < frames; sent += 250) {
        bench.send('a', ...new Array<Uint8Array>(250).fill(ethernet(broadcast, macOf(1))));
      }
    };
    flood(5000);
    expect(bench.counts()).toEqual([0, stormLimits.burst, stormLimits.burst]);
    await bench.clock.advance(500);
    flood(5000);
    expect(bench.counts()[1]).toBe(stormLimits.burst + stormLimits.rate / 2);
    expect(bench.drops('a')).toEqual({ 'storm-control': 10_000 - bench.counts()[1]! });
    bench.check();
  });

  it('does not count what is for a known station, nor hold other ports to account', () => {
    const bench = trio();
    bench.announce('b', 2);
    for (let sent = 0; sent < 20; sent += 1) {
      bench.send('a', ...new Array<Uint8Array>(250).fill(ethernet(macOf(2), macOf(1))));
      bench.send('a', ...new Array<Uint8Array>(250).fill(ethernet(macOf(9), macOf(1))));
    }
    expect(bench.sinks.get('b')!.packets).toHaveLength(5000 + stormLimits.burst);
    bench.send('c', ethernet(broadcast, macOf(3)));
    expect(bench.drops('c')).toEqual({});
  });
});

describe('port security and ARP guard', () => {
  const [one, two] = ['10.0.0.2', '10.0.0.3'];

  function guarded(): Bench {
    const bench = new Bench();
    bench.add('a', { mac: macOf(1), address: one });
    bench.add('b', { mac: macOf(2), address: two });
    bench.add('host');
    return bench;
  }

  it('lets a port use its own address and no other', () => {
    const bench = guarded();
    bench.send('a', ethernet(broadcast, macOf(1)), ethernet(broadcast, macOf(7)), ethernet(broadcast, macOf(2)));
    expect(bench.drops('a')).toEqual({ 'port-security': 2 });
    expect(bench.counts()).toEqual([0, 1, 1]);
  });

  it('lets a port without an address of its own use any that is not another port’s', () => {
    const bench = guarded();
    bench.send('host', ethernet(broadcast, macOf(7)), ethernet(broadcast, macOf(2)));
    expect(bench.drops('host')).toEqual({ 'port-security': 1 });
    bench.switch.removePort('b');
    bench.send('host', ethernet(broadcast, macOf(2)));
    expect(bench.drops('host')).toEqual({ 'port-security': 1 });
  });

  it.each<[string, Partial<PortSpec>]>([
    ['all that it may use', { mac: macOf(5), address: '10.0.0.5' }],
    ['its station’s', { station: { mac: macOf(5), address: '10.0.0.5' } }],
    ['its station’s beside others', { mac: macOf(6), station: { mac: macOf(5), address: '10.0.0.5' } }],
    ['a second one', { mac: macOf(5), address: '10.0.0.6', moreAddresses: ['10.0.0.5'] }],
  ])('keeps a port’s addresses from others, be they %s, until it goes', (_, own) => {
    const bench = guarded();
    const taken = [ethernet(broadcast, macOf(5)), arpClaim(macOf(7), '10.0.0.5')];
    bench.add('owner', own);
    bench.send('host', ...taken);
    expect(bench.drops('host')).toEqual({ 'port-security': 1, 'arp-guard': 1 });
    bench.switch.removePort('owner');
    bench.send('host', ...taken);
    expect(bench.drops('host')).toEqual({ 'port-security': 1, 'arp-guard': 1 });
    bench.check();
  });

  it('lets two ports have one address while a machine moves from one to the other', () => {
    const bench = guarded();
    bench.add('a-moved', { mac: macOf(1), address: one });
    bench.send('a', arpClaim(macOf(1), one));
    bench.send('a-moved', arpClaim(macOf(1), one));
    expect([bench.drops('a'), bench.drops('a-moved')]).toEqual([{}, {}]);
    bench.switch.removePort('a');
    bench.send('host', ethernet(broadcast, macOf(1)));
    expect(bench.drops('host')).toEqual({ 'port-security': 1 });
  });

  it.each([
    ['its own address', 'a', arpClaim(macOf(1), one), true],
    ['no address, as a probe', 'a', arpClaim(macOf(1), '0.0.0.0'), true],
    ['another port’s address', 'a', arpClaim(macOf(1), two), false],
    ['an address nobody has', 'a', arpClaim(macOf(1), '10.0.0.77'), false],
    ['its own address for another MAC', 'a', arpClaim(macOf(1), one, [], macOf(7)), false],
    ['another’s behind one tag', 'a', arpClaim(macOf(1), two, [0x8100, 5]), false],
    ['another’s behind two tags', 'a', arpClaim(macOf(1), two, [0x88a8, 1, 0x8100, 5]), false],
    ['half a message', 'a', arpClaim(macOf(1), one).slice(0, 30), false],
    ['another port’s address', 'host', arpClaim(macOf(7), two), false],
    ['an address nobody has', 'host', arpClaim(macOf(7), '10.0.0.77'), true],
  ])('ARP that claims %s, from %s', (_, port, frame, passes) => {
    const bench = guarded();
    bench.send(port, frame);
    expect(bench.drops(port)).toEqual(passes ? {} : { 'arp-guard': 1 });
    bench.check();
  });
});

describe('stations behind the port of their host', () => {
  const container = { port: 'a', mac: macOf(5), address: '10.0.0.5' };
  const withStation = (): Bench => {
    const bench = new Bench();
    for (const id of ['a', 'b']) bench.add(id);
    bench.switch.setStations([container]);
    return bench;
  };
  const [frame, claim] = [ethernet(broadcast, macOf(5)), arpClaim(macOf(6), '10.0.0.5')];

  it('have their MAC and their address to themselves', () => {
    const bench = withStation();
    bench.send('a', frame, arpClaim(macOf(5), '10.0.0.5'), ethernet(broadcast, macOf(7)));
    expect(bench.drops('a')).toEqual({});
    bench.send('b', frame, claim, ethernet(broadcast, macOf(8)));
    expect(bench.drops('b')).toEqual({ 'port-security': 1, 'arp-guard': 1 });
    bench.check();
  });

  it('leave them to others when they have gone, by themselves or with their port', () => {
    const bench = withStation();
    bench.switch.setStations([]);
    bench.send('b', frame, claim);
    expect(bench.drops('b')).toEqual({});
    bench.switch.setStations([container, { ...container, port: 'none' }]);
    bench.switch.removePort('a');
    bench.send('b', frame, claim);
    expect(bench.drops('b')).toEqual({});
  });
});

describe('an announcement', () => {
  const station = { mac: macOf(7), address: '10.0.0.7' };
  const told = (frame: Uint8Array | undefined) => {
    const { payload, ...ethernet } = parseEthernet(frame!);
    return { ...ethernet, arp: parseArp(payload) };
  };
  const announced = {
    destination: broadcast,
    source: macOf(7),
    etherType: 0x0806,
    tags: [],
    arp: {
      operation: 1,
      senderMac: macOf(7),
      senderAddress: '10.0.0.7',
      targetMac: '00:00:00:00:00:00',
      targetAddress: '10.0.0.7',
    },
  };

  it('tells everybody else whose port has come up, once each time, and the switch knows where that is', () => {
    const bench = trio();
    const elsewhere = bench.add('z', { network: 'other' });
    const down = bench.add('down', { station }, { up: false, offload: true });
    expect(bench.counts()).toEqual([0, 0, 0, 0, 0]);
    bench.handles.get('down')!.setLink({ up: true, offload: true });
    bench.handles.get('down')!.setLink({ up: true, offload: false });
    for (const id of ['a', 'b', 'c']) expect(bench.sinks.get(id)!.frames.map(told)).toEqual([announced]);
    expect([down.packets, elsewhere.packets]).toEqual([[], []]);
    expect(bench.status('down').counters).toMatchObject({ rxFrames: 1, txFrames: 0 });
    bench.send('a', ethernet(macOf(7), macOf(1)));
    expect(bench.counts()).toEqual([1, 1, 1, 0, 1]);
    bench.handles.get('down')!.setLink({ up: false, offload: true });
    bench.handles.get('down')!.setLink({ up: true, offload: true });
    expect(bench.counts()).toEqual([2, 2, 2, 0, 1]);
    bench.check();
  });

  it('moves the station to the port that came up last', () => {
    const bench = trio();
    bench.add('before', { station });
    bench.add('after', { station });
    bench.send('a', ethernet(macOf(7), macOf(1)));
    expect(bench.counts()).toEqual([2, 2, 2, 1, 1]);
    expect(bench.switch.fdb().find(({ mac }) => mac === macOf(7))?.port).toBe('after');
    bench.check();
  });

  it('is of a station that nobody at another port may pass for, while others may be at its own', () => {
    const bench = trio();
    bench.add('owner', { station });
    bench.send('a', ethernet(broadcast, macOf(7)), arpClaim(macOf(1), '10.0.0.7'));
    expect(bench.drops('a')).toEqual({ 'port-security': 1, 'arp-guard': 1 });
    bench.send('owner', arpClaim(macOf(7), '10.0.0.7'), arpClaim(macOf(8), '10.0.0.8'));
    expect(bench.drops('owner')).toEqual({});
    bench.switch.removePort('owner');
    bench.send('a', ethernet(broadcast, macOf(7)), arpClaim(macOf(1), '10.0.0.7'));
    expect(bench.drops('a')).toEqual({ 'port-security': 1, 'arp-guard': 1 });
    bench.check();
  });

  it('leaves the ports of one machine each other’s addresses', () => {
    const bench = trio();
    bench.add('eth0', { station, owner: 'router' });
    bench.add('eth1', { station: { mac: macOf(8), address: '10.0.0.8' }, owner: 'router' });
    bench.send('eth0', ethernet(broadcast, macOf(8)), arpClaim(macOf(7), '10.0.0.8'));
    expect(bench.drops('eth0')).toEqual({});
    bench.add('other', { owner: 'other' });
    bench.send('other', ethernet(broadcast, macOf(8)), arpClaim(macOf(1), '10.0.0.8'));
    expect(bench.drops('other')).toEqual({ 'port-security': 1, 'arp-guard': 1 });
    bench.check();
  });

  it('is made of stations behind a port that comes up later', () => {
    const bench = trio();
    bench.add('late', {}, { up: false, offload: true });
    bench.switch.setStations([{ ...station, port: 'late' }]);
    expect(bench.counts()).toEqual([0, 0, 0, 0]);
    bench.handles.get('late')!.setLink({ up: true, offload: true });
    expect(bench.counts()).toEqual([1, 1, 1, 0]);
    expect(told(bench.sinks.get('a')!.frames[0])).toEqual(announced);
    bench.check();
  });

  it('is not made more often than a port may send to everybody', () => {
    const bench = trio();
    bench.add('restless', { station });
    const { setLink } = bench.handles.get('restless')!;
    for (let time = 0; time < 5000; time += 1) for (const up of [false, true]) setLink({ up, offload: true });
    expect(bench.sinks.get('a')!.frames.length).toBeLessThanOrEqual(stormLimits.burst);
    bench.check();
  });

  it('is made of stations behind a port as they come, there by the switch, whose MAC leads nobody astray', () => {
    const bench = trio();
    bench.add('down', {}, { up: false, offload: true });
    const behind = [
      { ...station, port: 'a' },
      { port: 'down', mac: macOf(8), address: '10.0.0.8' },
    ];
    bench.switch.setStations(behind);
    bench.switch.setStations(behind);
    expect(bench.counts()).toEqual([1, 1, 1, 0]);
    for (const id of ['b', 'c']) expect(told(bench.sinks.get(id)!.frames[0])).toEqual(announced);
    const { source, arp } = told(bench.sinks.get('a')!.frames[0]);
    expect(arp).toEqual(announced.arp);
    expect(source).not.toBe(macOf(7));
    expect(bench.switch.fdb().map(({ mac, port }) => [mac, port])).toEqual([[macOf(7), 'a']]);
    bench.check();
  });
});

describe('the port of a gateway', () => {
  const gateway = { mac: macOf(1), address: '10.0.0.1', moreAddresses: ['169.254.169.254'], dhcpServer: true };
  /** A UDP datagram from port 67 to 68, or others, behind an IPv4 header with options or without. */
  const dhcp = (
    from = 67,
    { to = 68, tags = [] as readonly number[], words = 5, fragment = 0, protocol = 17 } = {},
  ) => {
    const packet = new Uint8Array(words * 4 + 12);
    packet.set([0x40 | words, 0, 0, packet.length, 0, 0, fragment >> 8, fragment & 255, 64, protocol]);
    packet.set([from >> 8, from & 255, to >> 8, to & 255], words * 4);
    return ethernet(broadcast, macOf(2), packet, [...tags, 0x0800]);
  };
  const withGateway = (): Bench => {
    const bench = new Bench();
    bench.add('gateway', gateway);
    bench.add('a');
    bench.add('b');
    return bench;
  };

  it('may claim several addresses, and no other', () => {
    const bench = withGateway();
    bench.send('gateway', arpClaim(macOf(1), '10.0.0.1'), arpClaim(macOf(1), '169.254.169.254'));
    expect(bench.drops('gateway')).toEqual({});
    bench.send('gateway', arpClaim(macOf(1), '10.0.0.2'));
    bench.send('a', arpClaim(macOf(2), '169.254.169.254'));
    expect([bench.drops('gateway'), bench.drops('a')]).toEqual([{ 'arp-guard': 1 }, { 'arp-guard': 1 }]);
  });

  it.each([
    ['a DHCP server', dhcp(), false],
    ['one that speaks from another port', dhcp(5000), false],
    ['one that answers a relay', dhcp(67, { to: 67 }), false],
    ['one that hides behind IP options', dhcp(67, { words: 7 }), false],
    ['one that hides behind a VLAN tag', dhcp(67, { tags: [0x8100, 5] }), false],
    ['one that hides in a first fragment', dhcp(67, { fragment: 0x2000 }), false],
    ['a DHCP client', dhcp(68, { to: 67 }), true],
    ['a later fragment', dhcp(67, { fragment: 0x2001 }), true],
    ['TCP', dhcp(67, { protocol: 6 }), true],
    ['a packet that is cut off', dhcp().slice(0, 36), true],
  ])('lets nobody else be a DHCP server: %s', (_, frame, passes) => {
    const bench = withGateway();
    bench.send('a', frame);
    expect(bench.drops('a')).toEqual(passes ? {} : { 'dhcp-guard': 1 });
    bench.check();
  });

  it('guards while it is there, and speaks itself', () => {
    const bench = withGateway();
    bench.send('gateway', ethernet(broadcast, macOf(1), dhcp().subarray(14), [0x0800]));
    expect(bench.drops('gateway')).toEqual({});
    bench.switch.removePort('gateway');
    bench.send('a', dhcp());
    expect(bench.drops('a')).toEqual({});
  });
});

describe('a malicious neighbour', () => {
  it('with 100,000 source addresses fills the table to its bound and pushes no neighbour out', () => {
    const bench = trio();
    bench.announce('b', 2);
    for (let station = 1000; station < 101_000; station += 250) {
      bench.send('a', ...Array.from({ length: 250 }, (_, index) => ethernet(macOf(2), macOf(station + index))));
    }
    const fdb = bench.switch.fdb();
    expect(fdb).toHaveLength(maxStations);
    expect(fdb.find(({ mac }) => mac === macOf(2))?.port).toBe('b');
    expect(bench.sinks.get('b')!.packets).toHaveLength(100_000);
    bench.check();
  });

  it('that flaps with an address gets frames for it only until its owner speaks', () => {
    const bench = trio();
    for (let turn = 0; turn < 1000; turn += 1) {
      bench.send('a', ethernet(macOf(3), macOf(1)));
      bench.send('b', ethernet(macOf(3), macOf(1)));
    }
    bench.announce('c', 3);
    bench.send('a', ethernet(macOf(3), macOf(1)));
    bench.send('c', ethernet(macOf(1), macOf(3)));
    expect(bench.sinks.get('a')!.frames.at(-1)).toEqual(ethernet(macOf(1), macOf(3)));
    bench.check();
  });
});

describe('a slow reader', () => {
  it('has a queue with a bound, harms nobody, and gets what waited in order when it reads again', () => {
    const bench = trio();
    const slow = bench.sinks.get('b')!;
    bench.announce('b', 2);
    bench.announce('c', 3);
    slow.windowFrames = 0;
    const marked = (mark: number) => ethernet(macOf(2), macOf(1), Uint8Array.of(mark >> 8, mark & 255));
    for (let mark = 0; mark < 3000; mark += 1) {
      bench.send('a', marked(mark));
      bench.send('a', ethernet(macOf(3), macOf(1)));
    }
    expect(bench.status('b').queuedFrames).toBe(queueLimits.frames);
    expect(bench.drops('b')).toEqual({ 'queue-full': 3000 - queueLimits.frames });
    expect(bench.drops('a')).toEqual({});
    expect(bench.sinks.get('c')!.packets).toHaveLength(3001);
    slow.windowFrames = Number.POSITIVE_INFINITY;
    bench.handles.get('b')!.drain();
    expect(slow.frames.slice(1)).toEqual(Array.from({ length: queueLimits.frames }, (_, mark) => marked(mark)));
    bench.check();
  });

  it.each([
    ['one by one', 1],
    ['as whole slabs', 40],
  ])('gets nothing before what waits, even when it could: %s', (_, count) => {
    const bench = trio();
    const slow = bench.sinks.get('b')!;
    bench.announce('b', 2);
    const marked = (mark: number) => {
      return new Array<Uint8Array>(count).fill(ethernet(macOf(2), macOf(1), new Uint8Array(100).fill(mark)));
    };
    bench.send('a', ...marked(0));
    slow.windowFrames = 0;
    bench.send('a', ...marked(1));
    slow.windowFrames = Number.POSITIVE_INFINITY;
    bench.send('a', ...marked(2));
    bench.handles.get('b')!.drain();
    expect(slow.frames.map((frame) => frame.at(-1))).toEqual([0, 1, 2].flatMap((mark) => new Array(count).fill(mark)));
  });

  it('has a bound in bytes too', () => {
    const bench = trio();
    bench.announce('b', 2);
    bench.sinks.get('b')!.windowBytes = 0;
    for (let sent = 0; sent < 60; sent += 1) {
      bench.send('a', tcpSegment({ version: 4, payload: new Uint8Array(60_000) }, 1460));
    }
    expect(bench.status('b').queuedBytes).toBeLessThanOrEqual(queueLimits.bytes);
    expect(bench.status('b').queuedBytes).toBeGreaterThan(queueLimits.bytes - 70_000);
    bench.check();
  });

  it('shares what it does read between those who send', () => {
    const bench = trio();
    bench.announce('b', 2);
    const slow = bench.sinks.get('b')!;
    slow.windowFrames = 0;
    for (let turn = 0; turn < 50; turn += 1) {
      bench.send('a', ...new Array<Uint8Array>(200).fill(ethernet(macOf(2), macOf(1), new Uint8Array(1000))));
      bench.send('c', ...new Array<Uint8Array>(4).fill(ethernet(macOf(2), macOf(3), new Uint8Array(1000))));
    }
    const before = slow.packets.length;
    slow.windowFrames = 400;
    bench.handles.get('b')!.drain();
    const fromC = slow.frames.slice(before).filter((frame) => frame[11] === 3);
    expect(fromC.length).toBeGreaterThan(180);
    expect(fromC.length).toBeLessThanOrEqual(200);
    bench.check();
  });
});

/** The switch as one would explain it: one frame after the other, plain lists, no slabs and no bounds. */
class Model {
  readonly stations = new Map<string, { port: string; at: number }>();
  readonly delivered = new Map<string, string[]>();
  readonly ports = new Map<string, { network: string; up: boolean }>();

  send(from: string, frame: Uint8Array, now: number): void {
    const port = this.ports.get(from);
    if (!port?.up || frame.length < 14 || frame.length > 1514) return;
    const [to, source] = [frame.subarray(0, 6).join(), frame.subarray(6, 12).join()];
    if ((frame[6]! & 1) === 0) this.stations.set(`${port.network} ${source}`, { port: from, at: now });
    const station = (frame[0]! & 1) === 0 ? this.stations.get(`${port.network} ${to}`) : undefined;
    const known = station && now - station.at <= ageingMs ? station.port : undefined;
    const targets = known === undefined ? [...this.ports.keys()] : [known];
    for (const id of targets) {
      const target = this.ports.get(id)!;
      if (id !== from && target.up && target.network === port.network) this.delivered.get(id)?.push(frame.join());
    }
  }

  setLink(id: string, up: boolean): void {
    this.ports.get(id)!.up = up;
    if (!up) for (const [mac, { port }] of this.stations) if (port === id) this.stations.delete(mac);
  }
}

describe('any sequence of frames', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const frame = fc
    .record({
      to: fc.constantFrom(broadcast, '01:00:5e:00:00:01', ...[1, 2, 3, 4].map(macOf)),
      from: fc.constantFrom('03:00:00:00:00:01', ...[1, 2, 3, 4].map(macOf)),
      length: fc.constantFrom(0, 46, 1500, 1501),
      mark: fc.nat(255),
    })
    .map(({ to, from, length, mark }) => ethernet(to, from, new Uint8Array(length).fill(mark)));
  const step = fc.record({
    port: fc.constantFrom(...ids),
    frames: fc.array(fc.oneof({ weight: 20, arbitrary: frame }, fc.uint8Array({ maxLength: 13 })), { maxLength: 5 }),
    link: fc.constantFrom(true, true, true, true, false),
    wait: fc.constantFrom(0, 0, 0, 0, 1000, ageingMs / 2, ageingMs + 1),
    stall: fc.constantFrom(...ids, ...new Array<undefined>(10).fill(undefined)),
  });

  it('is delivered as the model delivers it, to the same ports in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const bench = new Bench();
        const model = new Model();
        for (const id of ids) {
          const network = id < 'd' ? 'lab' : 'other';
          bench.add(id, { network });
          model.ports.set(id, { network, up: true });
          model.delivered.set(id, []);
        }
        for (const { port, frames, link, wait, stall } of steps) {
          await bench.clock.jump(wait);
          if (model.ports.get(port)!.up !== link) {
            model.setLink(port, link);
            bench.handles.get(port)!.setLink({ up: link, offload: true });
          }
          if (stall !== undefined) bench.sinks.get(stall)!.windowFrames = 0;
          bench.send(port, ...frames);
          for (const each of frames) model.send(port, each, bench.clock.monotonic());
          for (const network of ['lab', 'other']) bench.check(network);
          if (stall === undefined) continue;
          bench.sinks.get(stall)!.windowFrames = Number.POSITIVE_INFINITY;
          bench.handles.get(stall)!.drain();
        }
        for (const id of ids) {
          expect(bench.sinks.get(id)!.frames.map((each) => each.join())).toEqual(model.delivered.get(id));
        }
      }),
      { numRuns: 300 },
    );
  });
});
