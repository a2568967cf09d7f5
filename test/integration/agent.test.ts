import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Machine } from '../../src/runtime/vm/machine';
import { createNodeLab } from '../support/node-lab';
import { agentSuite } from './agent.suite';

/** Every promise of docs/AGENT.md, in a restored machine of 64 MiB. */
agentSuite(
  'in a vm',
  async () => {
    const lab = await createNodeLab();
    const config = { memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
    const image = await lab.images.loadSnapshot(config);
    const wasm = await WebAssembly.compile(
      await readFile(createRequire(import.meta.url).resolve('v86/build/v86.wasm')),
    );
    const machine = await Machine.create({ config, wasm, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) });
    machine.restore(
      image.layers.map(({ bytes }) => bytes),
      image.console,
    );
    await machine.run();
    return {
      transport: machine.agentPort,
      async dispose() {
        await machine.dispose();
        await lab.dispose();
      },
    };
  },
  { mayConfigure: true, streamBytes: 16 * 1024 * 1024, programs: 20 },
);
