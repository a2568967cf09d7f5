import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { makeLinuxCd } from '../support/isolinux';
import { launch } from '../support/media-lab';
import { ConsoleReader } from '../support/node-lab';

/** Debian's packages of the boot loader and of the program that makes the CD. */
const isMissing = !existsSync('/usr/lib/ISOLINUX/isolinux.bin') || !existsSync('/usr/bin/xorriso');

/**
 * An ISO that Debian's tools made, started as it is: BIOS, ISOLINUX, a Linux with drivers for ATAPI and the NE2000 and
 * none of our agent. Its shell is on the serial line.
 */
describe.skipIf(isMissing && !process.env['CI'])('a Linux on a CD-ROM', () => {
  let home: GatewayLab;

  beforeAll(async () => {
    home = await createGatewayLab();
  });

  afterAll(async () => {
    await home.dispose();
  });

  it.each(['emulated', 'virtio'] as const)('gets its reserved address by DHCP, with %s devices', async (devices) => {
    const { kernel = new ArrayBuffer(0) } = await home.nodes.images.loadBoot({
      memoryMiB: 64,
      devices: 'virtio',
      containerHost: false,
    });
    const cd = await makeLinuxCd({
      kernel: new Uint8Array(kernel),
      commandLine: 'rdinit=/bin/sh console=ttyS0 quiet panic=-1',
      files: { 'note.txt': 'read from the CD-ROM' },
    });
    const name = `linux-${devices}`;
    const { record, screen } = await launch(home.lab, name, cd, 'cdrom', { memoryMiB: 64, devices });
    await screen.until('ISOLINUX');
    await screen.until('Strata starts from a CD-ROM');
    const console = new ConsoleReader(home.lab.instance(record.id));
    await console.until('# ');
    const asked = async (command: string, answer: string): Promise<string> => {
      console.type(`${command}\r`);
      return console.until(answer);
    };
    await asked('mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; echo mo""unted', 'mounted');
    await asked('mkdir -p /cd; mount -t iso9660 /dev/sr0 /cd && cat /cd/note.txt', 'read from the CD-ROM');
    const { address, mac } = record.nics[0] ?? {};
    await asked('ip link set eth0 up; cat /sys/class/net/eth0/address', `${mac}`);
    await asked('udhcpc -i eth0 -n -q -s /etc/udhcpc/default.script; echo le""ased', 'leased');
    await asked('ip addr show eth0', `inet ${address}/`);
    await asked('ping -c 1 -W 5 10.0.0.1 && echo an""swered', 'answered');
    expect(console.text).toContain('1 packets received');
    console.dispose();
    screen.dispose();
    await home.lab.remove(record.id).finished;
  });
});
