import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock } from '../lib/lock';
import { unpackPackage } from '../lib/unpack';

export interface Firmware {
  readonly bios: Uint8Array;
  readonly vgaBios: Uint8Array;
}

/** SeaBIOS as Debian builds it. v86 needs a BIOS even when it is given a kernel. */
export function buildFirmware(lock: Lock): Firmware {
  const directory = join(unpackPackage(lock, 'seabios'), 'usr/share/seabios');
  return {
    bios: readFileSync(join(directory, 'bios.bin')),
    vgaBios: readFileSync(join(directory, 'vgabios-stdvga.bin')),
  };
}
