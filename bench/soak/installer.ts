import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../scripts/lib/run.mjs';
import { createGatewayLab } from '../../test/support/gateway-lab';
import { makeLinuxCd } from '../../test/support/isolinux';
import { launch } from '../../test/support/media-lab';

/** Debian's own installer, as its archive has it. */
const packageName = 'debian-installer-12-netboot-i386';
const inPackage = 'usr/lib/debian-installer/images/12/i386/text/debian-installer/i386';

/** Asks as little as it can; what it needs is on the network, where it finds an address and no mirror. */
const commandLine =
  'vga=normal fb=false auto=true priority=critical locale=en_US keymap=us url=none DEBIAN_FRONTEND=newt';

/** How long it may take until it has an address. A stock kernel and an installer of 30 MB packed, on a busy machine. */
const limitMs = 30 * 60_000;

/**
 * Debian's stock kernel for i686 and its installer on a CD-ROM, unmodified, up to where it has configured its NE2000 by
 * DHCP and looks for a mirror.
 */
export async function installDebian(): Promise<void> {
  const cd = await debianCd();
  const home = await createGatewayLab();
  const { record, screen } = await launch(home.lab, 'debian', cd, 'cdrom', { memoryMiB: 512 });
  const overdue = setTimeout(() => {
    console.error(`The installer did not come so far within ${limitMs / 60_000} minutes. Its screen:\n${screen.text}`);
    process.exit(1);
  }, limitMs);
  for (const stage of [/ISOLINUX/, /Detecting network hardware/]) {
    await screen.until(({ text }) => stage.test(text));
    console.log(`installer: ${stage.source}`);
  }
  await screen.until(({ text }) => /mirror|preconfiguration/i.test(text));
  clearTimeout(overdue);
  const { network } = await home.lab.instance(record.id).stats();
  if (network.rxPackets === 0 || network.txPackets === 0)
    throw new Error('The installer has not used its network card');
  const shown = screen.text.split('\n').find((line) => /mirror|preconfiguration/i.test(line));
  console.log(`installer: reached "${shown?.trim()}"`);
  screen.dispose();
  await home.lab.remove(record.id).finished;
  await home.dispose();
}

async function debianCd(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-debian-'));
  try {
    await required(run('apt-get', ['download', '-qq', packageName], { cwd: folder, capture: true }));
    const [archive = ''] = await readdir(folder);
    await required(run('dpkg-deb', ['-x', join(folder, archive), folder], { capture: true }));
    const [kernel, initrd] = await Promise.all(
      ['linux', 'initrd.gz'].map((name) => readFile(join(folder, inPackage, name))),
    );
    if (!kernel || !initrd) throw new Error(`${packageName} has not the files that were expected`);
    return await makeLinuxCd({ kernel, initrd, commandLine });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function required(running: Promise<{ readonly ok: boolean; readonly output: string }>): Promise<void> {
  const { ok, output } = await running;
  if (!ok) throw new Error(output);
}
