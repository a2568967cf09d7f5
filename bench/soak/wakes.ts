import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openDemandLab } from '../../test/support/demand-lab';

const [warmUp, cycles, part] = [300, 3000, 500];
const heapLimitMiB = 5;

/**
 * A kv on its disk sleeps and wakes thousands of times beside a unikernel that always runs in the same worker. Nothing is left
 * behind, and its data is there.
 */
export async function sleepAndWake(): Promise<void> {
  setFlagsFromString('--expose_gc');
  Object.assign(globalThis, { gc: runInNewContext('gc') });
  const made = await openDemandLab();
  const spec = { kind: 'unikernel', name: 'web', image: 'strata/unikernel-httpd:1', args: [], config: {} } as const;
  const { id } = await made.lab.create({ ...spec, memoryMiB: 4, addressing: 'static' });
  await made.lab.start(id).finished;
  await made.startKv();
  await made.ask('PUT', '/colour', 'blue');
  await made.asleep();
  await made.cycle(warmUp);
  const before = await made.remains();
  const begun = performance.now();
  for (let done = part; done <= cycles; done += part) {
    await made.cycle(part);
    const now = await made.remains();
    console.log(
      `${done} wakes: ${now.heapMiB.toFixed(1)} MiB of heap, ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB resident`,
    );
  }
  const each = (performance.now() - begun) / cycles;
  const after = await made.remains();
  const { body } = await made.ask('GET', '/colour');
  if (body !== 'blue') throw new Error(`The value is ${body} now`);
  for (const what of ['workers', 'unikernelWorkers', 'ports', 'records'] as const) {
    if (after[what] !== before[what]) throw new Error(`There were ${before[what]} ${what}, and now ${after[what]}`);
  }
  const grown = after.heapMiB - before.heapMiB;
  if (grown > heapLimitMiB) throw new Error(`The heap has grown by ${grown.toFixed(1)} MiB`);
  console.log(
    `${cycles} wakes, ${each.toFixed(0)} ms each with the sleep before; the heap has grown by ${grown.toFixed(1)} MiB`,
  );
  await made.dispose();
}
