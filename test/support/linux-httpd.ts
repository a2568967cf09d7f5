import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packTar } from 'modern-tar';
import type { Frame, Page } from 'playwright-core';
import { imagesDirectory } from '../../images/lib/paths';
import { run } from '../../images/lib/run';
import { findProgram } from '../../scripts/lib/judges.mjs';
import type { StrataPage } from './page-fleet';

/** Whether there is what compiles it. */
export const canBuildLinuxHttpd = findProgram('clang') !== undefined;

/** What the unikernel `httpd` is made of, but for lwIP and what of the library OS is about frames and turns. */
const shared = [
  'httpd/main.c',
  ...['server', 'parse', 'date'].map((name) => `http/${name}.c`),
  ...['format', 'arguments', 'console', 'files', 'crc32c'].map((name) => `libos/${name}.c`),
  'no-files/files.c',
];

const fixture = fileURLToPath(new URL('../fixtures/linux-httpd', import.meta.url));

/**
 * The program of the unikernel `httpd`, from the same sources, as a static program of Linux on i386: below it are the
 * sockets of the kernel, behind the part of lwIP's interface that it uses.
 */
export function buildLinuxHttpd(): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-httpd-'));
  const output = join(folder, 'httpd');
  // SSE, as for the other programs of our guests.
  const target = ['-m32', '--target=i386-linux-gnu', '-march=i686', '-msse2', '-O2', '-std=gnu11', '-ffreestanding'];
  const link = ['-nostdlibinc', '-nostdlib', '-static', '-fno-pie', '-s', '-o', output];
  const plain = ['-fno-stack-protector', '-fno-asynchronous-unwind-tables'];
  const strict = ['-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers', '-Wno-ignored-attributes'];
  const headers = ['-Wno-unknown-attributes', '-include', `${fixture}/include/host.h`, `-I${fixture}/include`];
  const below = ['sockets.c', 'freestanding.c'].map((name) => join(fixture, name));
  try {
    run('clang', [...target, ...plain, ...strict, ...headers, ...link, ...shared, ...below], {
      directory: join(imagesDirectory, 'unikernels'),
    });
    return Uint8Array.from(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Puts it into a machine, as /tmp/httpd. */
export async function copyHttpdIn(page: Page | Frame, id: string, program: Uint8Array): Promise<void> {
  const header = { name: 'httpd', size: program.length, mode: 0o755, type: 'file' } as const;
  const tar = await packTar([{ header, body: program }]);
  await page.evaluate(
    async ([which, base64]) => {
      const { lab } = (globalThis as unknown as StrataPage).strata;
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      await lab.instance(which).copyIn('/tmp', new Blob([bytes]).stream());
    },
    [id, Buffer.from(tar).toString('base64')] as const,
  );
}

/** Starts it there; it says on which port it serves before this resolves. */
export function startLinuxHttpd(name: string, port = 80): string {
  return `mkdir -p /tmp/said && (/tmp/httpd ${name} --port=${port} > /tmp/said/${port} 2>&1 < /dev/null &) && while ! grep -q Serving /tmp/said/${port}; do usleep 1000; done`;
}
