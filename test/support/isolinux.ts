import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../scripts/lib/run.mjs';

/** Where Debian's packages `isolinux` and `syslinux-common` put what a CD-ROM is started with. */
const loaderFiles = ['/usr/lib/ISOLINUX/isolinux.bin', '/usr/lib/syslinux/modules/bios/ldlinux.c32'];

export interface LinuxCd {
  readonly kernel: Uint8Array;
  readonly commandLine: string;
  readonly initrd?: Uint8Array;
  /** Other files, by their names on the CD. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A CD-ROM as Debian's tools make it: ISOLINUX in its boot record, a kernel in its file system (xorriso). */
export async function makeLinuxCd({
  kernel,
  commandLine,
  initrd,
  files = {},
}: LinuxCd): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-cd-'));
  try {
    const tree = join(folder, 'tree');
    await mkdir(join(tree, 'isolinux'), { recursive: true });
    for (const file of loaderFiles) await copyFile(file, join(tree, 'isolinux', file.slice(file.lastIndexOf('/') + 1)));
    await writeFile(join(tree, 'vmlinuz'), kernel);
    if (initrd) await writeFile(join(tree, 'initrd'), initrd);
    for (const [name, text] of Object.entries(files)) await writeFile(join(tree, name), text);
    const withInitrd = initrd ? ' initrd=/initrd' : '';
    const config = `SAY Strata starts from a CD-ROM\nDEFAULT linux\nPROMPT 0\nLABEL linux\nKERNEL /vmlinuz\nAPPEND ${commandLine}${withInitrd}\n`;
    await writeFile(join(tree, 'isolinux/isolinux.cfg'), config);
    const image = join(folder, 'linux.iso');
    const boot = ['-b', 'isolinux/isolinux.bin', '-c', 'isolinux/boot.cat', '-no-emul-boot'];
    const table = ['-boot-load-size', '4', '-boot-info-table'];
    const made = await run('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-o', image, ...boot, ...table, tree], {
      capture: true,
    });
    if (!made.ok) throw new Error(`xorriso: ${made.output}`);
    return new Uint8Array(await readFile(image));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
