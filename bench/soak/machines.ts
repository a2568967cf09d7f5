import type { SeededRandom } from '../../src/base/seeded-random';
import { type NodeLab, shell, smallVm } from '../../test/support/node-lab';

const cycles = 50;

/** Machines come and go, by power-off and by kill, and leave no worker behind. */
export async function startAndEnd(lab: NodeLab): Promise<void> {
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const vm = lab.driver.create({ ...smallVm, name: `soak-${cycle}` });
    await vm.start();
    const { stdout } = await shell(vm, 'hostname');
    if (stdout !== `soak-${cycle}\n`) throw new Error(`The machine calls itself ${stdout}`);
    await (cycle % 2 === 0 ? vm.kill() : vm.stop(30_000));
    await vm.dispose();
  }
  if (lab.supervisor.count !== 0) throw new Error(`${lab.supervisor.count} workers are left`);
  console.log(`${cycles} machines started and ended`);
}

const deaths = 200;

/** Test 16: a machine's worker ends at any moment of its life; whatever waited for it is rejected within 2 s. */
export async function endWorkers(lab: NodeLab, random: SeededRandom): Promise<void> {
  let slowestMs = 0;
  for (let death = 0; death < deaths; death += 1) {
    const vm = lab.driver.create({ ...smallVm, name: `victim-${death}` });
    const started = vm.start();
    const waiting = started.then(() => shell(vm, 'while true; do echo alive; done'));
    await Promise.race([waiting.catch(() => undefined), delayMs(random.below(600))]);
    const begun = performance.now();
    await vm.kill();
    await waiting.then(
      () => Promise.reject(new Error('A program of a machine that is gone ended well')),
      () => undefined,
    );
    slowestMs = Math.max(slowestMs, performance.now() - begun);
    await vm.dispose();
  }
  if (slowestMs > 2000) throw new Error(`A promise was left for ${slowestMs.toFixed(0)} ms`);
  if (lab.supervisor.count !== 0) throw new Error(`${lab.supervisor.count} workers are left`);
  console.log(
    `${deaths} machines killed at any moment; all that waited was rejected within ${slowestMs.toFixed(0)} ms`,
  );
}

function delayMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
