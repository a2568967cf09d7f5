import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { Switch } from '../../src/network/switch';
import { portSpec, slabOf, TestSink, tcpSegment } from '../../src/network/switch-fixture';
import { askTshark } from '../support/tshark';

const tshark = findProgram('tshark');

describe.runIf(tshark)('tshark finds nothing wrong', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-tshark-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const ask = (frames: readonly Uint8Array[], filter: string, fields: readonly string[]): Promise<string[]> =>
    askTshark({ tshark: tshark ?? '', file: join(folder, 'frames.pcap'), frames, filter, fields });

  const wrong = '_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || tcp.analysis.lost_segment';

  /** What a port without offloads gets of a segment. */
  function cut(version: 4 | 6, tags: readonly number[]): Uint8Array[] {
    const bench = new Switch({ monotonic: () => 0 });
    const sink = new TestSink();
    const handles = ['a', 'b'].map((id) => bench.addPort(portSpec(id), id === 'b' ? sink : new TestSink()));
    for (const handle of handles) handle.setLink({ up: true, offload: false });
    const payload = Uint8Array.from({ length: 50_000 }, (_, index) => (index * 7) & 255);
    handles[0]?.receive(slabOf(tcpSegment({ version, payload, tags, optionBytes: 12 }, 1400)));
    return sink.frames;
  }

  it.each([
    ['IPv4', 4, []],
    ['IPv6', 6, []],
    ['IPv4 in a VLAN', 4, [0x8100, 5]],
    ['IPv6 in two VLANs', 6, [0x88a8, 7, 0x8100, 5]],
  ] as const)('in the frames of a large segment: %s', async (_, version, tags) => {
    const frames = cut(version, tags);
    expect(await ask(frames, wrong, ['frame.number'])).toEqual([]);
    const lengths = await ask(frames, 'tcp.checksum.status == 1', ['tcp.len']);
    expect(lengths.map(Number)).toEqual([...new Array<number>(35).fill(1400), 1000]);
  });

  it('but does in a frame that was changed on the way', async () => {
    const frames = cut(4, []);
    frames[3]?.fill(0xaa, 100, 101);
    frames[5]?.fill(0xaa, 24, 25);
    expect(await ask(frames, wrong, ['frame.number'])).toEqual(['4', '6']);
  });
});
