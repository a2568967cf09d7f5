import { createNodeLab, shell, smallVm } from '../test/support/node-lab';

/**
 * `npm run soak`: the full counts of what `npm test` shows with small ones, with real guests in Node.
 * Ends with an exit code of 0 only when nothing was lost, moved or left behind.
 */
const gigabyte = 1024 ** 3;
const cycles = 50;

const lab = await createNodeLab();
await streamBothWays();
await startAndEnd();
await lab.dispose();
console.log('Nothing was lost and nothing is left');
process.exit(0);

/** 1 GB into a program and the same out of it, each byte compared. */
async function streamBothWays(): Promise<void> {
  const vm = lab.driver.create(smallVm);
  await vm.start();
  const process = await vm.exec({ argv: ['cat'] });
  void process.stderr.cancel();
  const begun = performance.now();
  const [, received] = await Promise.all([send(process.stdin), compare(process.stdout)]);
  const seconds = (performance.now() - begun) / 1000;
  if (received !== gigabyte) throw new Error(`Sent ${gigabyte} bytes, got ${received} back`);
  console.log(`1 GB in and 1 GB out in ${seconds.toFixed(0)} s, ${(2000 / seconds).toFixed(1)} MB/s in all`);
  await vm.dispose();
}

/** Byte n of the stream is a mix of all bits of n, so that a lost, doubled or moved block shows. */
function patternAt(position: number): number {
  return (position ^ (position >>> 8) ^ (position >>> 16) ^ (position >>> 24)) & 0xff;
}

async function send(stdin: WritableStream<Uint8Array>): Promise<void> {
  const writer = stdin.getWriter();
  for (let sent = 0; sent < gigabyte; ) {
    const block = new Uint8Array(64 * 1024);
    for (let index = 0; index < block.length; index += 1) block[index] = patternAt(sent + index);
    await writer.write(block);
    sent += block.length;
  }
  await writer.close();
}

async function compare(stdout: ReadableStream<Uint8Array>): Promise<number> {
  let position = 0;
  for await (const chunk of stdout) {
    for (const byte of chunk) {
      if (byte !== patternAt(position)) throw new Error(`Byte ${position} is ${byte}, not ${patternAt(position)}`);
      position += 1;
    }
  }
  return position;
}

/** Machines come and go, by power-off and by kill, and leave no worker behind. */
async function startAndEnd(): Promise<void> {
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
