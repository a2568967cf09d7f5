import { systemClock } from '../../src/base/clock';
import { createBuildBench } from '../../src/engine/builds/build-fixture';
import type { BrowserLab } from '../browser';
import { atMost, type Row } from '../row';
import { median } from '../statistics';

const rounds = 20;
const copies = 20;

/**
 * A Dockerfile of twenty COPYs that is built again with nothing changed: what each step takes until it is known that
 * nothing has to be done. In Node, with the store in memory behind a port as a page has it.
 */
export async function cachedBuild(_: BrowserLab): Promise<readonly Row[]> {
  const bench = await createBuildBench({ clock: systemClock });
  try {
    const names = Array.from({ length: copies }, (_each, at) => `file-${at}`);
    const dockerfile = ['FROM scratch', ...names.map((name) => `COPY ${name} /${name}`), ''].join('\n');
    const files = Object.fromEntries(names.map((name) => [name, name.repeat(1000)]));
    await bench.build(dockerfile, files);
    const steps: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      let begun = 0;
      for await (const event of bench.start(dockerfile, files)) {
        if (event.kind === 'started') begun = performance.now();
        if (event.kind === 'cached') steps.push(performance.now() - begun);
      }
    }
    if (steps.length !== rounds * copies) throw new Error(`${steps.length} steps were known`);
    return [
      { name: 'cached step of a build (Node, store in memory)', value: median(steps), unit: 'ms', goal: atMost(20) },
    ];
  } finally {
    await bench.dispose();
  }
}
