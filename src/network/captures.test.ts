import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { Captures, captureLimit } from './captures';
import { captureLimits, PortCapture } from './port-capture';
import { Switch } from './switch';
import { broadcast, ethernet, macOf, type Packet, portSpec, slabOf, TestSink, tcpSegment } from './switch-fixture';

const from = (station: number, to = broadcast, type: readonly number[] = [0x88b5]) =>
  ethernet(to, macOf(station), new Uint8Array(46), type);

describe('a capture at a port', () => {
  let clock: FakeClock;
  let captures: Captures;
  let lab: Switch;

  beforeEach(() => {
    clock = new FakeClock();
    captures = new Captures(clock);
    lab = new Switch(clock);
  });

  /** A port as the switch's service makes it. */
  function plug(id: string, offload = false) {
    const sink = new TestSink();
    const tap = captures.tap(id, sink);
    const handle = lab.addPort(portSpec(id), tap);
    handle.setLink({ up: true, offload });
    const send = (...frames: readonly (Uint8Array | Packet)[]): void => {
      const slab = slabOf(...frames);
      tap.receive(slab);
      handle.receive(slab);
    };
    return { sink, send };
  }

  it('has what comes from it and what goes to it, in order, with the time', async () => {
    const [a, b] = [plug('a'), plug('b')];
    captures.start({ port: 'a' });
    a.send(from(1));
    await clock.advance(1500);
    b.send(from(2, macOf(1)), from(2, macOf(1)));
    const { rows, frames } = captures.read('a', '', 10)!;
    expect(frames).toBe(3);
    expect(rows.map(({ number, direction, source }) => [number, direction, source])).toEqual([
      [1, 'from', macOf(1)],
      [2, 'to', macOf(2)],
      [3, 'to', macOf(2)],
    ]);
    expect(rows[1]!.at - rows[0]!.at).toBe(1500);
  });

  it('does not have what the port did not take', () => {
    const [a, b] = [plug('a'), plug('b')];
    captures.start({ port: 'a' });
    a.sink.windowFrames = 0;
    b.send(from(2));
    expect(captures.read('a', '', 10)?.frames).toBe(0);
    expect(b.sink.frames).toEqual([]);
  });

  it('has a large segment as it passed to one that takes it, and its frames to one that does not', () => {
    const segment = tcpSegment({ version: 4, payload: new Uint8Array(4000), to: broadcast }, 1000);
    const a = plug('a', true);
    plug('whole', true);
    plug('cut', false);
    for (const port of ['whole', 'cut']) captures.start({ port });
    a.send(segment);
    expect(captures.read('whole', '', 10)?.rows.map(({ bytes }) => bytes)).toEqual([4054]);
    expect(captures.read('cut', '', 10)?.rows.map(({ bytes }) => bytes)).toEqual([1054, 1054, 1054, 1054]);
  });

  it('of one station has its frames and what is for all, of others none', () => {
    const a = plug('a');
    captures.start({ port: 'a', station: macOf(7) });
    a.send(from(7, macOf(1)), from(1, macOf(7)), from(8, macOf(1)), from(8, broadcast));
    expect(captures.read('a', '', 10)?.rows.map(({ source }) => source)).toEqual([macOf(7), macOf(1), macOf(8)]);
  });

  it('begins with the first frame of a port that comes later, and outlasts its cable', () => {
    captures.start({ port: 'a' });
    plug('a').send(from(1));
    lab.removePort('a');
    captures.untap('a');
    plug('a').send(from(1));
    expect(captures.read('a', '', 10)?.frames).toBe(2);
  });

  it('keeps what it has when it is stopped, and has nothing when it is discarded or begun anew', () => {
    const a = plug('a');
    captures.start({ port: 'a' });
    a.send(from(1));
    captures.stop('a');
    a.send(from(1));
    expect(captures.read('a', '', 10)).toMatchObject({ recording: false, frames: 1 });
    captures.start({ port: 'a' });
    expect(captures.read('a', '', 10)).toMatchObject({ recording: true, frames: 0 });
    captures.discard('a');
    expect(captures.read('a', '', 10)).toBeUndefined();
    expect(() => captures.file('a', '', '', '')).toThrowError(expect.objectContaining({ code: 'NotFound' }));
  });

  it('shows the last of what has all words of the filter, and counts them', () => {
    const a = plug('a');
    captures.start({ port: 'a' });
    for (let round = 0; round < 5; round += 1) a.send(from(1), from(2), from(1, macOf(9), [0x88b6]));
    const reading = captures.read('a', ' 0X88B5  02:00:00:00:00:01 ', 2)!;
    expect(reading.matching).toBe(5);
    expect(reading.rows.map(({ number }) => number)).toEqual([10, 13]);
    expect(captures.read('a', '', 2)?.rows.map(({ number }) => number)).toEqual([14, 15]);
    expect(captures.read('a', '88b5 88b6', 2)).toMatchObject({ matching: 0, rows: [] });
  });

  it('can be had at so many ports, and not at more', () => {
    for (let port = 0; port < captureLimit; port += 1) {
      plug(`p${port}`);
      captures.start({ port: `p${port}` });
    }
    expect(() => captures.start({ port: 'more' })).toThrowError(expect.objectContaining({ code: 'ResourceExhausted' }));
    captures.start({ port: 'p0' });
    captures.discard('p1');
    captures.start({ port: 'more' });
    expect(captures.read('p0', '', 1)).toBeDefined();
    expect(captures.read('p1', '', 1)).toBeUndefined();
    expect(captures.read('more', '', 1)).toBeDefined();
  });

  it('has room for another in the place of the oldest whose port is gone', () => {
    const ids = Array.from({ length: captureLimit }, (_, port) => `p${port}`);
    for (const port of ids) {
      plug(port);
      captures.start({ port });
    }
    for (const port of ['p1', 'p2', 'p3']) captures.untap(port);
    captures.start({ port: 'p1' });
    for (const port of ['new', 'newer']) {
      plug(port);
      captures.start({ port });
    }
    const left = [...ids, 'new', 'newer'].filter((port) => captures.read(port, '', 1) !== undefined);
    expect(left).toEqual(['p0', 'p1', 'p4', 'p5', 'p6', 'p7', 'new', 'newer']);
    captures.start({ port: 'newest' });
    expect(captures.read('p1', '', 1)).toBeUndefined();
    expect(() => captures.start({ port: 'newest of all' })).not.toThrow();
    expect(captures.read('newest', '', 1)).toBeUndefined();
    captures.tap('newest of all', new TestSink());
    expect(() => captures.start({ port: 'too many' })).toThrowError(
      expect.objectContaining({ code: 'ResourceExhausted' }),
    );
  });

  it('says what is no station', () => {
    const wrong = () => captures.start({ port: 'a', station: 'web' });
    expect(wrong).toThrowError(expect.objectContaining({ code: 'InvalidArgument' }));
    expect(captures.read('a', '', 1)).toBeUndefined();
  });
});

describe('what a capture keeps', () => {
  const frameOf = (bytes: number, mark: number): Uint8Array => new Uint8Array(bytes).fill(mark);

  it('is the newest of so many frames', () => {
    const capture = new PortCapture({ port: 'a' }, new FakeClock());
    for (let frame = 0; frame < captureLimits.frames + 3; frame += 1) capture.record('to', frameOf(60, frame % 250));
    const reading = capture.read('', 1);
    expect(reading).toMatchObject({ frames: captureLimits.frames + 3, dropped: 3, matching: captureLimits.frames });
    expect(reading.keptBytes).toBe(captureLimits.frames * 60);
    expect(reading.rows[0]?.number).toBe(captureLimits.frames + 3);
  });

  it('is the newest of so many bytes', () => {
    const capture = new PortCapture({ port: 'a' }, new FakeClock());
    const large = 65_000;
    const fits = Math.floor(captureLimits.bytes / large);
    for (let frame = 0; frame < fits + 5; frame += 1) capture.record('to', frameOf(large, 1));
    const reading = capture.read('', 500);
    expect(reading).toMatchObject({ frames: fits + 5, dropped: 5, keptBytes: fits * large });
    expect(reading.rows).toHaveLength(fits);
    expect(reading.rows[0]?.number).toBe(6);
  });
});
