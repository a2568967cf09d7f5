import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import type { PackageSet } from '../packages';
import { sha256Hex } from './digest';
import type { LockedPackage } from './lock';
import { buildDirectory } from './paths';
import { run } from './run';

/** Where downloads are kept. */
export const cacheDirectory = join(buildDirectory, 'debs');

/** Throws what to run when apt here does not know the guest's architecture. */
export function assertForeignArchitecture(): void {
  if (run('apt-config', ['dump', 'APT::Architectures']).includes('"i386"')) return;
  throw new SandboxError(
    'FailedPrecondition',
    'apt does not know the packages of the i386 architecture. As root: dpkg --add-architecture i386 && apt-get update',
  );
}

/** The versions of packages that apt would install now, ready for the lock. */
export function resolvePackages({ names, architecture }: PackageSet): readonly LockedPackage[] {
  // With that architecture as the machine's own, names alone find its packages and those for all.
  const own = architecture === 'all' ? [] : ['-o', `APT::Architecture=${architecture}`];
  const stanzas = run('apt-cache', [...own, 'show', '--no-all-versions', ...names])
    .trim()
    .split(/\n\n+/);
  const found = new Map(stanzas.map((stanza) => parseStanza(stanza)).map((fields) => [fields.get('Package'), fields]));
  return names.map((name) => lockStanza(name, found.get(name) ?? new Map()));
}

/** The path of the package's .deb, downloaded by apt when it is not there yet. Its sha256 is checked always. */
export function fetchPackage(locked: LockedPackage): string {
  mkdirSync(cacheDirectory, { recursive: true });
  const path = join(cacheDirectory, debFileName(locked));
  if (existsSync(path) && sha256Hex(readFileSync(path)) === locked.sha256) return path;
  rmSync(path, { force: true });
  download(locked);
  assertDigest(path, locked);
  return path;
}

/** Throws `DataLoss`, and removes the file, when it is not what the lock says. */
export function assertDigest(path: string, locked: LockedPackage): void {
  const actual = sha256Hex(readFileSync(path));
  if (actual === locked.sha256) return;
  rmSync(path);
  throw new SandboxError('DataLoss', `${basename(path)} has sha256 ${actual}, images/lock.json says ${locked.sha256}`);
}

/** Unpacks a package into a directory, unless just this package was unpacked there before. */
export function extractPackage(locked: LockedPackage, directory: string): void {
  const deb = fetchPackage(locked);
  const stamp = `${directory}.sha256`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === locked.sha256) return;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  run('dpkg-deb', ['--extract', deb, directory]);
  writeFileSync(stamp, locked.sha256);
}

function lockStanza(name: string, fields: ReadonlyMap<string, string>): LockedPackage {
  const field = (key: string): string => fields.get(key) ?? unknownPackage(name);
  const version = field('Version');
  const source = /^(\S+)(?: \((.+)\))?$/.exec(fields.get('Source') ?? name);
  return {
    name,
    architecture: field('Architecture') === 'all' ? 'all' : 'i386',
    version,
    source: source?.[1] ?? name,
    sourceVersion: source?.[2] ?? version,
    size: Number(field('Size')),
    sha256: field('SHA256'),
  };
}

function unknownPackage(name: string): never {
  throw new SandboxError('NotFound', `apt knows no package ${name}: run apt-get update`);
}

function download(locked: LockedPackage): void {
  const { name, architecture, version } = locked;
  const query = `${architecture === 'all' ? name : `${name}:${architecture}`}=${version}`;
  try {
    // apt would otherwise warn that its unprivileged user cannot write here.
    run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', query], { directory: cacheDirectory });
  } catch (cause) {
    throw new SandboxError(
      'NotFound',
      `apt cannot download ${query}, which images/lock.json asks for. Run apt-get update; if the mirror has dropped ` +
        'this version, move the lock by npm run images -- --update, or put the .deb into build/debs by hand ' +
        "(Debian's snapshot archive keeps every version)",
      { cause },
    );
  }
}

/** As apt names what it downloads: the colon of an epoch is escaped. */
function debFileName({ name, version, architecture }: LockedPackage): string {
  return `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;
}

/** The fields of a stanza of a Debian control file; continuation lines are left out. */
function parseStanza(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of stanza.split('\n')) {
    const match = /^([A-Za-z0-9-]+): (.*)$/.exec(line);
    if (match?.[1] && match[2] !== undefined) fields.set(match[1], match[2]);
  }
  return fields;
}
