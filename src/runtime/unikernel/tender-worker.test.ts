import { describe, expect, it } from 'vitest';
import { LayeredDiskStore } from '../../storage/disks/layered-disk-store';
import { MemoryDiskBackend } from '../../storage/disks/memory-disk-backend';
import { TenderWorker } from './tender-worker';

/** A module with nothing in it, which nobody comes to run. */
const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

describe('a worker of unikernels', () => {
  it('does not begin one that was ended while its disk was read', async () => {
    const disks = new LayeredDiskStore(new MemoryDiskBackend());
    const { id } = await disks.create({ sizeMiB: 1 });
    const disk = { type: 'disk', name: 'data', sizeBytes: 1024 * 1024, readOnly: false } as const;
    const worker = new TenderWorker();
    const console = new MessageChannel();
    const closed = new Promise((resolve) => console.port2.addEventListener('close', resolve));
    console.port2.start();
    const starting = worker.start({
      key: 1,
      module: empty,
      kind: 'evented',
      args: [],
      config: {},
      cpus: Number.POSITIVE_INFINITY,
      devices: [{ ...disk, port: await disks.open(id) }],
      console: console.port1,
    });
    await worker.end(1);
    await expect(starting).rejects.toMatchObject({ code: 'Aborted' });
    await closed;
    worker.dispose();
  });
});
