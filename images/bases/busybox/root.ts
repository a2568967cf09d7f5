import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxApplets } from '../../guest/busybox';
import type { Lock } from '../../lib/lock';
import type { RootNode, RootTree } from '../../lib/root-tree';
import { unpackPackage } from '../../lib/unpack';

const owner = { uid: 0, gid: 0 } as const;

/** Directories of docker's image, with the modes that are not 755. */
const directories: Readonly<Record<string, number>> = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  root: 0o700,
  tmp: 0o1777,
  usr: 0o755,
  'usr/bin': 0o755,
  'usr/sbin': 0o755,
  'usr/share': 0o755,
  'usr/share/doc': 0o755,
  'usr/share/doc/busybox-static': 0o755,
  var: 0o755,
  'var/spool': 0o755,
  'var/spool/mail': 0o755,
  'var/www': 0o755,
};

/** The root of the busybox image without its files in /etc: the program, its names, directories, its licence. */
export function buildBusyboxRoot(lock: Lock): RootTree {
  const unpacked = unpackPackage(lock, 'busybox-static');
  const file = (path: string, mode: number): RootNode => ({
    kind: 'file',
    bytes: Uint8Array.from(readFileSync(join(unpacked, path))),
    mode,
    ...owner,
  });
  const program = file('bin/busybox', 0o755);
  const copyright = 'usr/share/doc/busybox-static/copyright';
  const names = busyboxApplets(Buffer.from(program.kind === 'file' ? program.bytes : []));
  const link = (target: string): RootNode => ({ kind: 'symlink', target, mode: 0o777, ...owner });
  return new Map<string, RootNode>([
    ...Object.entries(directories).map(([path, mode]) => [path, { kind: 'directory', mode, ...owner }] as const),
    ['bin/busybox', program],
    ...names.map((name) => [`bin/${name}`, link('busybox')] as const),
    ['usr/bin/env', link('/bin/env')],
    [copyright, file(copyright, 0o644)],
  ]);
}
