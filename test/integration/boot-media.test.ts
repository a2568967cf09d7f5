import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DriveKind } from '../../src/api/disk';
import { createStores, type Stores } from '../../src/engine/stores-fixture';
import { bootCd, bootDisk, bootFloppy, bootSector, hotplugSector } from '../support/boot-disks';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { launch, lookAt, reached, running } from '../support/media-lab';

describe('a machine that starts from a disk of its own', () => {
  let stores: Stores;
  let home: GatewayLab;

  beforeAll(async () => {
    stores = await createStores();
    home = await createGatewayLab(stores);
  });

  afterAll(async () => {
    await home.dispose();
  });

  const media: readonly [string, Uint8Array<ArrayBuffer>, DriveKind, string][] = [
    ['floppy', bootFloppy(), 'floppy', '1.'],
    ['sector', bootSector(), 'floppy', '1.'],
    ['disk', bootDisk(), 'disk', '1.'],
    ['cdrom', bootCd(), 'cdrom', '(read-only)'],
  ];

  it.each(media)('starts it and echoes what is typed: %s', async (name, bytes, drive, started) => {
    const { record, screen } = await launch(home.lab, name, bytes, drive);
    await screen.until(`Strata boot sector. Start ${started}`);
    screen.type('hello');
    await screen.until('> hello');
    screen.dispose();
    await home.lab.remove(record.id).finished;
  });

  it('keeps what it writes, and leaves the file as it was', async () => {
    const file = bootDisk();
    const first = await launch(home.lab, 'first', file, 'disk');
    await first.screen.until('Start 1');
    await home.lab.stop(first.record.id).finished;
    expect(home.lab.list()[0]?.state.exit?.reason).toBe('Killed: its system does not listen to the power button');
    await home.lab.start(first.record.id).finished;
    await first.screen.until('Start 2');
    // The same file again is stored once, and begins where the file begins.
    const before = (await stores.disks.list()).length;
    const second = await launch(home.lab, 'second', file, 'disk');
    await second.screen.until('Start 1');
    expect((await stores.disks.list()).length).toBe(before + 1);
    for (const { record, screen } of [first, second]) {
      screen.dispose();
      await home.lab.remove(record.id).finished;
    }
    await expect.poll(() => stores.disks.list()).toEqual([]);
  });

  it('begins anew and turns itself off when its system says so', async () => {
    const { lab } = home;
    const { record, screen } = await launch(lab, 'own-will', bootDisk(), 'disk');
    await screen.until('Start 1');
    screen.type('B');
    await screen.until('Start 2');
    await running(lab, 'own-will');
    screen.type('Q');
    const { state } = await reached(lab, 'own-will', (each) => each.state.phase === 'stopped');
    expect(state.exit).toEqual({ code: 0, reason: 'Powered off' });
    screen.dispose();
    await lab.remove(record.id).finished;
  });

  it('is stopped by its power button where its system listens to that', async () => {
    const { lab } = home;
    const { record, screen } = await launch(lab, 'button', bootDisk(), 'disk');
    await screen.until('Start 1');
    screen.type('P');
    await screen.until('> !');
    await lab.stop(record.id).finished;
    expect(lab.list()[0]?.state.exit).toEqual({ code: 0, reason: 'Powered off' });
    screen.dispose();
    await lab.remove(record.id).finished;
  });

  it('is not told that its devices are pulled out, as ports that nothing is behind would say', async () => {
    const { record, screen } = await launch(home.lab, 'plugs', bootCd(hotplugSector()), 'cdrom');
    await screen.until(({ text }) => /Plugs \d/.test(text));
    expect(/Plugs \d/.exec(screen.text)?.[0]).toBe('Plugs 0');
    screen.dispose();
    await home.lab.remove(record.id).finished;
  });

  it('shows pictures', async () => {
    const { record, screen } = await launch(home.lab, 'picture', bootFloppy(), 'floppy');
    await screen.until('Start 1');
    screen.type('G');
    await screen.until((each) => each.count(0xffffff).pixels === 80);
    expect(screen.count(0xffffff).size).toBe('320x200');
    screen.dispose();
    await home.lab.remove(record.id).finished;
  });

  it('goes on in another worker, and after a snapshot where that was taken', async () => {
    const { lab } = home;
    const { record, screen } = await launch(lab, 'mover', bootDisk(), 'disk');
    await screen.until('Start 1');
    screen.type('one');
    await screen.until('> one');
    await lab.migrate(record.id).finished;
    screen.type('two');
    await screen.until('> onetwo');
    await lab.snapshot(record.id, { name: 'between' }).finished;
    screen.type('three');
    await screen.until('> onetwothree');
    // There may be one that was taken for a reload.
    const between = lab.snapshots().find(({ automatic }) => !automatic);
    await lab.restoreSnapshot(record.id, between?.id ?? '').finished;
    screen.type('four');
    await screen.until('> onetwofour');
    // A clone cannot be told who it is: it starts from the disk as it was then.
    await lab.clone({ snapshot: between?.id ?? '' }, { names: ['copy'] }).finished;
    const copy = lookAt(lab, await running(lab, 'copy'));
    await copy.screen.until('Start 2');
    expect(copy.record.nics[0]?.mac).not.toBe(record.nics[0]?.mac);
    await expect(lab.restoreSnapshot(copy.record.id, between?.id ?? '').finished).rejects.toMatchObject({
      code: 'FailedPrecondition',
    });
    copy.screen.dispose();
    screen.dispose();
    await lab.remove(copy.record.id).finished;
    await lab.remove(record.id).finished;
    await lab.deleteSnapshot(between?.id ?? '');
  });

  it('has no agent, and says so; the host tells what it can', async () => {
    const { lab } = home;
    const { record, screen } = await launch(lab, 'plain', bootDisk(), 'disk');
    await screen.until('Start 1');
    expect([...record.abilities].sort()).toEqual(['checkpoint', 'migrate', 'pause', 'screen']);
    const instance = lab.instance(record.id);
    await expect(instance.exec({ argv: ['/bin/sh'] })).rejects.toMatchObject({ code: 'FailedPrecondition' });
    const stats = await instance.stats();
    expect(stats.cpuMicros).toBeGreaterThan(0);
    expect(stats.disk.readBytes).toBeGreaterThan(512);
    expect(stats.disk.writtenBytes).toBe(512);
    await lab.pause(record.id).finished;
    await lab.resume(record.id).finished;
    screen.type('still here');
    await screen.until('> still here');
    screen.dispose();
    await lab.remove(record.id).finished;
  });

  it('comes back after a reload with its screen', async () => {
    const { screen } = await launch(home.lab, 'lasting', bootDisk(), 'disk');
    await screen.until('Start 1');
    screen.type('before');
    await screen.until('> before');
    screen.dispose();
    await home.lab.saveForReload();
    await home.dispose();
    home = await createGatewayLab(stores);
    const again = lookAt(home.lab, await running(home.lab, 'lasting'));
    await again.screen.until('> before');
    again.screen.type('after');
    await again.screen.until('> beforeafter');
    again.screen.dispose();
    await home.lab.remove(again.record.id).finished;
  });

  it('is not made of a file that is no disk, and nothing is left', async () => {
    const text = new TextEncoder().encode('not a disk'.repeat(1000));
    await expect(launch(home.lab, 'nothing', text, 'disk')).rejects.toMatchObject({ code: 'InvalidArgument' });
    const wrong = { boot: ['cdrom'] } as const;
    await expect(launch(home.lab, 'no-cd', bootDisk(), 'disk', { firmware: wrong })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('has none'),
    });
    expect(home.lab.list()).toEqual([]);
    await expect.poll(() => stores.disks.list()).toEqual([]);
  });
});
