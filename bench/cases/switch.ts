import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { delay, systemClock } from '../../src/base/clock';
import { tcpSegment } from '../../src/network/switch-fixture';
import type { BrowserLab } from '../browser';
import { buildBenchPage } from '../pages/build-page';
import type { FloodResult, SwitchBench } from '../pages/switch-page';
import { atLeast, atMost, type Row } from '../row';
import { median } from '../statistics';

const rounds = 5;
const roundMs = 1500;

/** A worker that dies sooner than this is started again after a pause, which is not what is measured. */
const soundMs = 10_500;
const restarts = 3;

interface BenchPage {
  readonly bench: SwitchBench;
}

/** Frames from one worker through the switch's to a third, beside a bare cable; and the switch's return from death. */
export async function switchFrames(lab: BrowserLab): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-bench-page-'));
  await buildBenchPage('switch', folder);
  const server = await startServer({ site: folder, registry: registryDir });
  const { page, close } = await lab.firstVisit();
  try {
    await page.goto(`${server.url}switch.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
    const flood = async (way: 'switch' | 'cable', packet: Uint8Array, batch: number): Promise<Figures> => {
      const results: FloodResult[] = [];
      // The first round warms the code up.
      for (let round = 0; round <= rounds; round += 1) {
        const args = { way, packet: [...packet], batch, roundMs };
        const run = ({ way: by, packet: frame, batch: count, roundMs: ms }: typeof args) =>
          (globalThis as unknown as BenchPage).bench.flood(by, frame, count, ms);
        results.push(await page.evaluate(run, args));
      }
      return figures(results.slice(1));
    };
    const [small, full, large] = [plainFrame(64), plainFrame(1514), largeSegment()];
    return [
      await frameRow('switch, 64-byte frames', await flood('switch', small, 128), await flood('cable', small, 128)),
      await frameRow('switch, 1,514-byte frames', await flood('switch', full, 43), await flood('cable', full, 43)),
      await segmentRow(await flood('switch', large, 4), await flood('cable', large, 4)),
      await restartRow(() => page.evaluate(() => (globalThis as unknown as BenchPage).bench.restart())),
    ];
  } finally {
    await close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Figures {
  readonly framesPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly framesPerSlab: number;
  /** Share of the frames sent that the switch dropped, since the receiver was slower. */
  readonly lost: number;
}

function figures(results: readonly FloodResult[]): Figures {
  const of = (value: (result: FloodResult) => number): number => median(results.map(value));
  const seconds = ({ received }: FloodResult): number => (received.lastAt - received.firstAt) / 1000;
  return {
    framesPerSecond: of((each) => each.received.frames / seconds(each)),
    megabytesPerSecond: of((each) => each.received.bytes / 1e6 / seconds(each)),
    framesPerSlab: of(({ received }) => received.frames / received.slabs),
    lost: of(({ sent, received }) => 1 - received.frames / sent),
  };
}

function frameRow(name: string, through: Figures, bare: Figures): Row {
  const peer = `bare cable ${Math.round(bare.framesPerSecond)}; ${through.framesPerSlab.toFixed(0)} a slab, ${percent(through.lost)} dropped`;
  return { name, value: through.framesPerSecond, unit: 'frames/s', goal: atLeast(500_000), peer };
}

function segmentRow(through: Figures, bare: Figures): Row {
  const peer = `bare cable ${Math.round(bare.megabytesPerSecond)}; ${percent(through.lost)} dropped`;
  return { name: 'switch, 64 KB segments', value: through.megabytesPerSecond, unit: 'MB/s', peer };
}

async function restartRow(restart: () => Promise<number>): Promise<Row> {
  const times: number[] = [];
  for (let round = 0; round < restarts; round += 1) {
    await delay(systemClock, soundMs);
    times.push(await restart());
  }
  const name = 'switch back with its ports after its worker died';
  return { name, value: median(times) / 1000, unit: 's', goal: atMost(2), peer: 'by the missing heartbeat' };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A virtio header with nothing left to do, and a frame from station 1 to station 2. */
function plainFrame(bytes: number): Uint8Array {
  const packet = new Uint8Array(12 + bytes);
  packet.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5], 12);
  return packet;
}

function largeSegment(): Uint8Array {
  const mac = (last: number): string => `02:00:00:00:00:0${last}`;
  const { header, frame } = tcpSegment({ version: 4, payload: new Uint8Array(65_160), to: mac(2), from: mac(1) }, 1448);
  return Uint8Array.of(...header, ...frame);
}
