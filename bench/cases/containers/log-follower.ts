import type { BrowserLab } from '../../browser';
import { openPageEngine } from '../../page-engine';
import { atLeast, type Row } from '../../row';
import { median } from '../../statistics';

const rounds = 5;
/** Copies of a megabyte of lines, each of 100 bytes. */
const megabytes = 24;

const script = `
yes 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 |
  cut -c 1-99 | head -c 1000000 > /lines
for copy in $(seq ${megabytes}); do cat /lines; done
`;

/** A follower of a container's log that writes as fast as it can: nothing may be missing, however slow. */
export async function logFollower(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  const engine = await openPageEngine(page, lab.url);
  await engine.evaluate((inside) => inside.pull('busybox'));
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { bytes, ms } = await engine.evaluate(async (inside, line) => {
      const id = await inside.runDetached(['sh', '-c', line]);
      const got = await inside.follow(id);
      await inside.remove([id]);
      return got;
    }, script);
    if (bytes !== megabytes * 1e6) throw new Error(`Of ${megabytes} MB came ${bytes} bytes`);
    rates.push(bytes / 1e6 / (ms / 1000));
  }
  await close();
  return [
    {
      name: 'log of a container to a follower, nothing lost',
      value: median(rates),
      unit: 'MB/s',
      goal: atLeast(8),
      peer: `in order: ${rates.map((rate) => rate.toFixed(1)).join(', ')}`,
    },
  ];
}
