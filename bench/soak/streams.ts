import { type NodeLab, smallVm } from '../../test/support/node-lab';

const gigabyte = 1024 ** 3;

/** 1 GB into a program and the same out of it, each byte compared. */
export async function streamBothWays(lab: NodeLab): Promise<void> {
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
