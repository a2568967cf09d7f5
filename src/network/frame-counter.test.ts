import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { SlabReader } from '../formats/frame-slab';
import { FrameCounter } from './frame-counter';
import { FrameInfo } from './frame-info';
import { Switch } from './switch';
import { arpClaim, broadcast, ethernet, macOf, portSpec, slabOf, TestSink, tcpSegment } from './switch-fixture';

describe('frames that somebody asks for', () => {
  it('are counted from then on, by their ends and their port', () => {
    const lab = new Switch(new FakeClock(0));
    const handle = lab.addPort(portSpec('a'), new TestSink());
    handle.setLink({ up: true, offload: true });
    lab.addPort(portSpec('b'), new TestSink()).setLink({ up: true, offload: true });
    const arp = { network: 'lab', protocol: 'arp' } as const;
    const tcp = { network: 'lab', protocol: 'tcp' } as const;
    const send = () =>
      handle.receive(
        slabOf(arpClaim(macOf(1), '10.0.0.1'), tcpSegment({ version: 4, payload: new Uint8Array(10) }, 0)),
      );
    send();
    expect([lab.countFrames(arp), lab.countFrames(tcp)]).toEqual([0, 0]);
    expect(lab.countFrames({ ...arp, from: '10.0.0.1' })).toBe(0);
    expect(lab.countFrames({ ...arp, from: '10.0.0.9' })).toBe(0);
    expect([lab.countFrames({ ...tcp, port: 1 }), lab.countFrames({ ...tcp, port: 80 })]).toEqual([0, 0]);
    send();
    expect(lab.countFrames(arp)).toBe(1);
    expect(lab.countFrames(tcp)).toBe(1);
    expect(lab.countFrames({ ...arp, from: '10.0.0.1' })).toBe(1);
    expect(lab.countFrames({ ...arp, from: '10.0.0.9' })).toBe(0);
    expect(lab.countFrames({ ...tcp, port: 1 })).toBe(0);
    expect(lab.countFrames({ ...tcp, port: 80 })).toBe(1);
    handle.receive(slabOf(ethernet(broadcast, macOf(1))));
    expect(lab.countFrames(arp)).toBe(1);
  });

  it('of more than 16 kinds make the first one begin anew', () => {
    const lab = new Switch(new FakeClock(0));
    const handle = lab.addPort(portSpec('a'), new TestSink());
    handle.setLink({ up: true, offload: true });
    lab.addPort(portSpec('b'), new TestSink()).setLink({ up: true, offload: true });
    const arp = { network: 'lab', protocol: 'arp' } as const;
    lab.countFrames(arp);
    handle.receive(slabOf(arpClaim(macOf(1), '10.0.0.1')));
    for (let port = 1; port <= 15; port += 1) lab.countFrames({ network: 'lab', protocol: 'udp', port });
    expect(lab.countFrames(arp)).toBe(1);
    lab.countFrames({ network: 'lab', protocol: 'udp', port: 16 });
    expect(lab.countFrames(arp)).toBe(0);
  });

  it('are counted no more once nobody has asked for two minutes', async () => {
    const clock = new FakeClock(0);
    const lab = new Switch(clock);
    const handle = lab.addPort(portSpec('a'), new TestSink());
    handle.setLink({ up: true, offload: true });
    lab.addPort(portSpec('b'), new TestSink()).setLink({ up: true, offload: true });
    const arp = { network: 'lab', protocol: 'arp' } as const;
    const send = () => handle.receive(slabOf(arpClaim(macOf(1), '10.0.0.1')));
    lab.countFrames(arp);
    for (const frames of [1, 2, 3]) {
      await clock.advance(100_000);
      send();
      expect(lab.countFrames(arp)).toBe(frames);
    }
    await clock.advance(120_001);
    send();
    expect(lab.countFrames(arp)).toBe(0);
    await clock.advance(120_001);
    expect(lab.countFrames(arp)).toBe(0);
  });

  it('leave nothing to look at once nobody asks', () => {
    const counter = new FrameCounter();
    const [info, reader] = [new FrameInfo(), new SlabReader(slabOf(arpClaim(macOf(1), '10.0.0.1')))];
    reader.next();
    info.read(reader);
    counter.count({ network: 'lab', protocol: 'arp' }, 0);
    expect([counter.see(info, reader, 120_000), counter.see(info, reader, 120_001)]).toEqual([true, false]);
  });

  it('of a network that is not there are none, and do not make it', () => {
    const lab = new Switch(new FakeClock(0));
    const arp = { network: 'lab', protocol: 'arp' } as const;
    expect(lab.countFrames(arp)).toBe(0);
    const handle = lab.addPort(portSpec('a'), new TestSink());
    handle.setLink({ up: true, offload: true });
    lab.addPort(portSpec('b'), new TestSink()).setLink({ up: true, offload: true });
    handle.receive(slabOf(arpClaim(macOf(1), '10.0.0.1')));
    // Had it been made, it would have counted this one.
    expect(lab.countFrames(arp)).toBe(0);
  });

  it('have IPv4 addresses', () => {
    const lab = new Switch(new FakeClock(0));
    lab.addPort(portSpec('a'), new TestSink());
    expect(() => lab.countFrames({ network: 'lab', protocol: 'arp', from: 'box' })).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });
});
