import { afterAll, beforeAll, describe, it } from 'vitest';
import type { DriveKind } from '../../src/api/disk';
import type { InstanceRecord } from '../../src/engine/instance-record';
import type { Lab } from '../../src/engine/lab';
import { bootCd, bootDisk, bootFloppy, bootSector } from '../support/boot-disks';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { ScreenReader } from '../support/screen-reader';

describe('a machine that starts from a disk of its own', () => {
  let home: GatewayLab;

  beforeAll(async () => {
    home = await createGatewayLab();
  });

  afterAll(async () => {
    await home.dispose();
  });

  const media: readonly [string, Uint8Array<ArrayBuffer>, DriveKind, string][] = [
    ['a floppy disk', bootFloppy(), 'floppy', 'Start 1'],
    ['a boot sector alone', bootSector(), 'floppy', 'Start 1'],
    ['a hard disk', bootDisk(), 'disk', 'Start 1'],
    ['a CD-ROM', bootCd(), 'cdrom', '(read-only)'],
  ];

  it.each(media)('starts %s and echoes what is typed', async (what, bytes, drive, started) => {
    const record = await launch(home.lab, what.replaceAll(/[^a-z]+/gi, '-').toLowerCase(), bytes, drive);
    const screen = new ScreenReader(home.lab.instance(record.id));
    await screen.until(`Strata boot sector. Start`);
    await screen.until(started);
    screen.type('hello');
    await screen.until('> hello');
    screen.dispose();
    await home.lab.remove(record.id).finished;
  });
});

/** Drops a file and waits until its machine runs. */
async function launch(
  lab: Lab,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  drive: DriveKind,
): Promise<InstanceRecord> {
  const draft = {
    kind: 'vm',
    name,
    memoryMiB: 32,
    devices: 'emulated',
    containerHost: false,
    firmware: { boot: [drive] },
    disks: [{ drive, sizeMiB: 4 }],
  } as const;
  await lab.launchMachine(draft, [{ name: `${name}.img`, content: new Blob([bytes]) }]).finished;
  return running(lab, name);
}

async function running(lab: Lab, name: string): Promise<InstanceRecord> {
  for (;;) {
    const record = lab.list().find((each) => each.name === name);
    if (record?.state.phase === 'running') return record;
    if (record?.state.phase === 'failed') throw new Error(record.state.error?.message);
    await new Promise<void>((resolve) => {
      const listener = lab.changes(() => {
        listener.dispose();
        resolve();
      });
    });
  }
}
