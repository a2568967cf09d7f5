import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { run } from '../../scripts/lib/run.mjs';
import { createImageLab } from '../../test/support/image-lab';
import { shell } from '../../test/support/node-lab';

/** One suite of Debian's archive: what is listed is what is in it. */
const mirror = 'deb http://deb.debian.org/debian bookworm main';

/** Fetching and unpacking some 90 packages, with an emulated program for none of them. */
const makeMs = 20 * 60_000;

/**
 * A Debian root for i386 as mmdebstrap makes it (minbase), imported as a tar: it starts as a machine, and its apt lists the
 * packages that its dpkg was told of. Not run where there is no mmdebstrap, or nobody who may use it.
 */
export async function startBootstrapped(): Promise<void> {
  if (!findProgram('mmdebstrap') || process.getuid?.() !== 0) {
    console.log('debootstrap: not run, as it takes root and mmdebstrap');
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'strata-debootstrap-'));
  const made = await createImageLab();
  try {
    const tar = join(folder, 'root.tar');
    const options = [
      '--quiet',
      '--variant=minbase',
      '--architectures=i386',
      '--skip=check/qemu',
      'bookworm',
      tar,
      mirror,
    ];
    await required(run('mmdebstrap', options, { capture: true, timeoutMs: makeMs }));
    const status = await required(run('tar', ['-xOf', tar, './var/lib/dpkg/status'], { capture: true }));
    const packages = status.match(/^Package: /gm)?.length ?? 0;
    const bytes = Readable.toWeb(createReadStream(tar)) as ReadableStream<Uint8Array>;
    await made.images.import(bytes, { reference: 'bootstrapped' });
    const { id } = await made.lab.createFromImage({ image: 'bootstrapped', name: 'debian', diskMiB: made.diskMiB });
    await made.lab.start(id).finished;
    const { code, stdout, stderr } = await shell(made.lab.instance(id), 'apt list --installed');
    const listed = stdout.match(/\[installed/g)?.length ?? 0;
    if (code !== 0 || packages === 0 || listed !== packages) {
      throw new Error(`apt lists ${listed} of ${packages} packages (code ${code}): ${stderr}`);
    }
    console.log(`debootstrap: apt lists all ${listed} packages`);
  } finally {
    await made.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function required(running: Promise<{ readonly ok: boolean; readonly output: string }>): Promise<string> {
  const { ok, output } = await running;
  if (!ok) throw new Error(output);
  return output;
}
