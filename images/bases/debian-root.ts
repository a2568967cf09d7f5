import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import { sourceDateEpoch } from '../lib/cpio';
import { fetchPackage } from '../lib/debian';
import type { LockedPackage } from '../lib/lock';
import type { RootNode, RootTree } from '../lib/root-tree';
import { run } from '../lib/run';
import { parseTar } from '../lib/tar';

/** dpkg's configuration: which paths of packages are left out, here and of what users install. */
const dpkgConfiguration = join(import.meta.dirname, 'debian/files/etc/dpkg/dpkg.cfg.d/slim');

/** What the machine or the moment of the build left behind, or what every container has its own of. */
const leftovers = [
  /^(proc|run|sys|tmp|var\/tmp)\/./,
  /^etc\/(hostname|machine-id|resolv\.conf|\.pwd\.lock|apt\/sources\.list)$/,
  /^etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /\/99mmdebstrap$/,
  /^var\/lib\/dpkg\/(.*-old|lock.*|triggers\/Lock)$/,
  /^var\/cache\/debconf\/.*-old$/,
  /(^|\/)__pycache__(\/|$)/,
];

/** Directories that stay, without the files in them. */
const emptied = /^var\/(cache\/(apt|ldconfig|man)|lib\/apt\/lists|log)\//;

/**
 * A Debian root of just these packages, as their own maintainer scripts set it up: mmdebstrap installs them, in a chroot,
 * from a repository that has nothing else. The same packages give the same root.
 *
 * `FailedPrecondition` when this is not root on a machine that runs i386 programs; `Internal` when dpkg finds fault with
 * the result, or when what is installed is not what was asked for.
 */
export function buildDebianRoot(packages: readonly LockedPackage[], programs: readonly string[]): RootTree {
  if (process.getuid?.() !== 0) {
    throw new SandboxError(
      'FailedPrecondition',
      'Base images are built in a chroot: run this as root, on an x86 machine',
    );
  }
  const directory = mkdtempSync(join(tmpdir(), 'strata-root-'));
  try {
    const repository = join(directory, 'repository');
    writeRepository(repository, packages);
    const archive = join(directory, 'root.tar');
    installPackages(repository, programs, archive);
    const root = withoutLeftovers(parseTar(Uint8Array.from(readFileSync(archive))));
    assertInstalled(root, packages);
    return root;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function writeRepository(directory: string, packages: readonly LockedPackage[]): void {
  mkdirSync(directory);
  for (const locked of packages) {
    const deb = fetchPackage(locked);
    copyFileSync(deb, join(directory, basename(deb)));
  }
  writeFileSync(join(directory, 'Packages'), run('dpkg-scanpackages', ['--multiversion', '.'], { directory }));
}

function installPackages(repository: string, programs: readonly string[], archive: string): void {
  const audit = 'chroot "$1" sh -c \'apt-get check && test -z "$(dpkg --audit)"\'';
  const args = [
    ...['--quiet', '--mode=root', '--variant=apt', '--architectures=i386', '--format=tar'],
    ...['--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr', `--dpkgopt=${dpkgConfiguration}`],
    ...['--aptopt=APT::Sandbox::User "root"', `--customize-hook=${audit}`, `--include=${programs.join(',')}`],
    ...['', archive, `deb [trusted=yes] copy://${repository} ./`],
  ];
  run('mmdebstrap', args, { environment: { SOURCE_DATE_EPOCH: String(sourceDateEpoch), LC_ALL: 'C.UTF-8' } });
}

function withoutLeftovers(root: RootTree): RootTree {
  const isLeftover = (path: string, { kind }: RootNode): boolean =>
    leftovers.some((pattern) => pattern.test(path)) || (kind === 'file' && emptied.test(path));
  return new Map([...root].filter(([path, node]) => !isLeftover(path, node)));
}

function assertInstalled(root: RootTree, packages: readonly LockedPackage[]): void {
  const wanted = packages.map(({ name, version }) => `${name} ${version}`).sort();
  const found = installedPackages(root);
  const odd = [...wanted.filter((line) => !found.includes(line)), ...found.filter((line) => !wanted.includes(line))];
  if (odd.length === 0) return;
  throw new SandboxError('Internal', `Asked for and installed packages differ: ${odd.join(', ')}`);
}

/** "name version" of every package that dpkg's database calls installed. */
export function installedPackages(root: RootTree): readonly string[] {
  const status = root.get('var/lib/dpkg/status');
  if (status?.kind !== 'file') throw new SandboxError('DataLoss', 'The root has no dpkg database: var/lib/dpkg/status');
  const stanzas = Buffer.from(status.bytes).toString('utf8').trim().split(/\n\n+/);
  const field = (stanza: string, name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
  return stanzas
    .filter((stanza) => field(stanza, 'Status') === 'install ok installed')
    .map((stanza) => `${field(stanza, 'Package')} ${field(stanza, 'Version')}`)
    .sort();
}
