import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serializeCpio } from '../lib/cpio';
import { FileTree } from '../lib/file-tree';
import type { Lock } from '../lib/lock';
import { imagesDirectory } from '../lib/paths';
import { addDirectoryContents } from '../lib/read-directory';
import { unpackPackage } from '../lib/unpack';
import { busyboxApplets } from './busybox';
import type { GuestPrograms } from './programs';

/** Directories that are mounted over or filled in the guest. */
const emptyDirectories = ['dev', 'mnt', 'proc', 'run', 'sys', 'tmp', 'usr/local/bin', 'usr/local/sbin', 'var/log'];

/**
 * The root of every guest, which is embedded in the kernel: v86 puts an initrd at the 64 MB mark, so that smaller
 * machines could not have one. All programs are in /bin, and the other directories of programs are links to it.
 */
export function buildInitramfs(lock: Lock, programs: GuestPrograms): Uint8Array<ArrayBuffer> {
  const tree = new FileTree();
  for (const path of emptyDirectories) tree.addDirectory(path);
  tree.addDirectory('root', 0o700);
  // The kernel opens it for PID 1 before anything is mounted.
  tree.add('dev/console', { kind: 'character-device', mode: 0o600, major: 5, minor: 1 });
  tree.addSymlink('sbin', 'bin');
  tree.addSymlink('usr/bin', '../bin');
  tree.addSymlink('usr/sbin', '../bin');
  tree.addFile('init', programs.init, 0o755);
  tree.addFile('bin/strata-agent', programs.agent, 0o755);
  addBusybox(tree, lock);
  addDirectoryContents(tree, join(imagesDirectory, 'guest/files/base'));
  return serializeCpio(tree);
}

function addBusybox(tree: FileTree, lock: Lock): void {
  const program = readFileSync(join(unpackPackage(lock, 'busybox-static'), 'bin/busybox'));
  tree.addFile('bin/busybox', program, 0o755);
  // Links that name it, not second names of one file: what a container host brings replaces single names.
  for (const applet of busyboxApplets(program)) tree.addSymlink(`bin/${applet}`, 'busybox');
}
