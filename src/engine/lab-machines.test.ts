import { describe, expect, it } from 'vitest';
import { bootDisk, bootSector } from '../../test/support/boot-disks';
import type { DiskSpec } from '../api/disk';
import { digestOf } from '../formats/digest';
import type { DiskFile } from './disk-files';
import { createTestStorage, openTestLab, readFromDisk, writeToDisk } from './lab-fixture';

const draft = {
  kind: 'vm',
  memoryMiB: 64,
  devices: 'emulated',
  containerHost: false,
  firmware: { boot: ['disk'] },
} as const;

const file = (name: string, bytes: Uint8Array<ArrayBuffer>): DiskFile => ({ name, content: new Blob([bytes]) });
const wanted: readonly DiskSpec[] = [{ drive: 'disk', sizeMiB: 1 }];

describe('machines from files', () => {
  it('stand on the file, which is stored once however many there are, and goes with the last', async () => {
    const { lab, clock, storage } = await openTestLab();
    const image = file('some.img', bootDisk(2));
    for (const name of ['a', 'b']) await lab.launchMachine({ ...draft, name, disks: wanted }, [image]).finished;
    const all = await storage.disks.list();
    const base = all.find((each) => each.base === undefined);
    const others = all.filter((each) => each !== base);
    const stands = { disk: base?.id, generation: 1 };
    expect(others.map((each) => each.base)).toEqual([stands, stands]);
    await writeToDisk(storage, others[0]?.id ?? '', 'changed');
    expect(await readFromDisk(storage, others[1]?.id ?? '')).not.toBe('changed');
    for (const { id } of lab.list()) {
      const { finished } = lab.remove(id);
      await clock.advance(8000);
      await finished;
    }
    await expect.poll(() => storage.disks.list()).toEqual([]);
  });

  it('say of each disk what it began as', async () => {
    const { lab } = await openTestLab();
    const bytes = bootDisk(2);
    await lab.launchMachine({ ...draft, name: 'a', disks: wanted }, [file('some.img', bytes)]).finished;
    const [disk] = lab.list()[0]?.spec.disks ?? [];
    expect(disk).toMatchObject({
      drive: 'disk',
      sizeMiB: 2,
      source: { name: 'some.img', digest: await digestOf(bytes), sizeBytes: 2 << 20 },
    });
  });

  it('find a file that is stored by its digest, and not one that is not', async () => {
    const { lab, storage } = await openTestLab();
    const bytes = bootDisk(2);
    const source = { name: 'some.img', digest: await digestOf(bytes), sizeBytes: bytes.length };
    const disks = [{ drive: 'disk', sizeMiB: 2, source }] as const;
    expect(lab.hasDiskFile(source)).toBe(false);
    await expect(lab.launchMachine({ ...draft, disks }, [undefined]).finished).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('some.img'),
    });
    await lab.launchMachine({ ...draft, disks }, [file('renamed.img', bytes)]).finished;
    expect(lab.hasDiskFile(source)).toBe(true);
    await lab.launchMachine({ ...draft, disks }, [undefined]).finished;
    expect(lab.list()).toHaveLength(2);
    expect(await storage.disks.list()).toHaveLength(3);
  });

  it('are not made of another file than the one that was wanted, and nothing is left', async () => {
    const { lab, storage } = await openTestLab();
    const source = { name: 'some.img', digest: await digestOf(bootDisk(3)), sizeBytes: 3 << 20 };
    const disks = [{ drive: 'disk', sizeMiB: 3, source }] as const;
    const other = [file('other.img', bootDisk(2))];
    await expect(lab.launchMachine({ ...draft, disks }, other).finished).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('its content differs'),
    });
    await expect.poll(() => storage.disks.list()).toEqual([]);
    expect(lab.list()).toEqual([]);
  });

  it('leave nothing when the second of their files is none, or the name is taken', async () => {
    const { lab, storage } = await openTestLab();
    const two = [...wanted, ...wanted];
    const files = [file('some.img', bootDisk(2)), file('text.txt', new TextEncoder().encode('no disk'))];
    await expect(lab.launchMachine({ ...draft, disks: two }, files).finished).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await expect.poll(() => storage.disks.list()).toEqual([]);
    await lab.create({ ...draft, firmware: { boot: ['disk'] }, disks: wanted, name: 'taken' });
    const named = { ...draft, name: 'taken', disks: wanted };
    await expect(lab.launchMachine(named, [file('a.img', bootSector())]).finished).rejects.toMatchObject({
      code: 'AlreadyExists',
    });
    await expect.poll(async () => (await storage.disks.list()).length).toBe(1);
  });

  it('can be given up while a file is stored, and nothing is left', async () => {
    const { lab, storage } = await openTestLab();
    const task = lab.launchMachine({ ...draft, disks: wanted }, [file('large.img', bootDisk(8))]);
    const listener = lab.tasks.changes(({ phases }) => {
      if (phases.some(({ done = 0 }) => done > 0)) task.cancel();
    });
    await expect(task.finished).rejects.toMatchObject({ code: 'Canceled' });
    listener.dispose();
    await expect.poll(() => storage.disks.list()).toEqual([]);
  });

  it('keep their file over a reload', async () => {
    const storage = await createTestStorage();
    const first = await openTestLab(storage);
    await first.lab.launchMachine({ ...draft, name: 'a', disks: wanted }, [file('some.img', bootDisk(2))]).finished;
    await first.lab.close();
    const second = await openTestLab(storage);
    expect(await storage.disks.list()).toHaveLength(2);
    const [disk] = second.lab.list()[0]?.spec.disks ?? [];
    expect(disk?.source && second.lab.hasDiskFile(disk.source)).toBe(true);
  });
});
