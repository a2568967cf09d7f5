import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import { assertDigest, cacheDirectory } from './debian';
import { sha256Hex } from './digest';
import type { LockedPackage } from './lock';
import { buildDirectory } from './paths';
import { run } from './run';

/** Lists of packages, apart from the machine's own. */
const aptDirectory = join(buildDirectory, 'apt');

/** A Debian source package as apt knows it now, ready for the lock: size and sha256 are those of its .dsc. */
export function resolveSource(name: string): LockedPackage {
  mkdirSync(cacheDirectory, { recursive: true });
  const uris = aptWithSources('source', '--print-uris', '--only-source', name);
  const match = / \S+?_(\S+)\.dsc (\d+) SHA256:([0-9a-f]{64})$/m.exec(uris);
  if (!match) throw new SandboxError('NotFound', `apt knows no source package ${name}`);
  const [, version = '', size, sha256 = ''] = match;
  return { name, architecture: 'source', version, source: name, sourceVersion: version, size: Number(size), sha256 };
}

/**
 * Unpacks a source package, with Debian's patches, into a directory, unless just this one was unpacked there before.
 * The .dsc is checked against the lock, and dpkg-source checks the rest against the .dsc.
 */
export function extractSource(locked: LockedPackage, directory: string): void {
  const description = fetchSource(locked);
  const stamp = `${directory}.sha256`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === locked.sha256) return;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, '..'), { recursive: true });
  run('dpkg-source', ['--extract', description, directory]);
  writeFileSync(stamp, locked.sha256);
}

function fetchSource(locked: LockedPackage): string {
  const path = join(cacheDirectory, descriptionName(locked));
  mkdirSync(cacheDirectory, { recursive: true });
  if (!existsSync(path) || sha256Hex(readFileSync(path)) !== locked.sha256) download(locked);
  assertDigest(path, locked);
  return path;
}

function download(locked: LockedPackage): void {
  const query = `${locked.name}=${locked.version}`;
  rmSync(aptDirectory, { recursive: true, force: true });
  try {
    aptWithSources('source', '--download-only', '--only-source', query);
  } catch (cause) {
    throw new SandboxError(
      'NotFound',
      `apt cannot download the source package ${query}, which images/lock.json asks for. If the mirror has dropped this ` +
        'version, move the lock by npm run images -- --update, or put its files into build/debs by hand ' +
        "(Debian's snapshot archive keeps every version)",
      { cause },
    );
  }
}

/** Epochs are no part of file names. */
function descriptionName({ name, version }: LockedPackage): string {
  return `${name}_${version.replace(/^\d+:/, '')}.dsc`;
}

/**
 * apt-get with the machine's own package sources turned into source ones, in a directory of ours: few machines have
 * `deb-src` lines, and a recipe changes nothing in /etc.
 */
function aptWithSources(...args: readonly string[]): string {
  const options = [
    ...['-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${join(aptDirectory, 'sources')}`],
    ...['-o', `Dir::State::lists=${join(aptDirectory, 'lists')}`, '-o', 'APT::Sandbox::User=root'],
    ...['-o', 'Dir::Cache::pkgcache=', '-o', 'Dir::Cache::srcpkgcache='],
  ];
  if (!existsSync(aptDirectory)) {
    mkdirSync(join(aptDirectory, 'lists/partial'), { recursive: true });
    writeSources(join(aptDirectory, 'sources'));
    // A third party's repository without sources fails the update of the others as little as it does for users.
    run('sh', ['-c', 'apt-get "$@" update || true', 'sh', ...options]);
  }
  return run('apt-get', [...options, ...args], { directory: cacheDirectory });
}

function writeSources(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const parts = '/etc/apt/sources.list.d';
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  for (const path of [...files, '/etc/apt/sources.list'].filter(existsSync)) {
    const text = readFileSync(path, 'utf8');
    const name = path.split('/').at(-1) ?? '';
    if (name.endsWith('.sources')) {
      writeFileSync(join(directory, name), text.replaceAll(/^Types:.*$/gm, 'Types: deb-src'));
    } else if (name.endsWith('.list')) {
      const lines = text.split('\n').filter((line) => /^deb\s/.test(line));
      writeFileSync(join(directory, name), lines.map((line) => `${line.replace(/^deb/, 'deb-src')}\n`).join(''));
    }
  }
}
