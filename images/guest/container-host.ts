import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SandboxError } from '../../src/base/errors';
import { serializeCpio } from '../lib/cpio';
import { libraryClosure } from '../lib/elf';
import { FileTree } from '../lib/file-tree';
import type { Lock } from '../lib/lock';
import { imagesDirectory } from '../lib/paths';
import { addDirectoryContents } from '../lib/read-directory';
import { unpackPackages } from '../lib/unpack';
import { containerHostPackages } from '../packages';

/** Programs by package, where the package has them. In the guest all of them are in /bin. */
const programs: Readonly<Record<string, readonly string[]>> = {
  conntrack: ['usr/sbin/conntrack'],
  crun: ['usr/bin/crun'],
  iproute2: ['bin/ip', 'sbin/bridge', 'sbin/tc'],
  iptables: ['usr/sbin/xtables-legacy-multi'],
  nftables: ['usr/sbin/nft'],
};

/** The loader's place is written into every program. */
const loader = 'ld-linux.so.2';
const libraryDirectory = 'lib/i386-linux-gnu';
const extensionDirectory = 'usr/lib/i386-linux-gnu/xtables';

const iptablesNames = ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);

/** Extensions of iptables for what the kernel's configuration has, and those that need nothing of it. */
const iptablesExtensions = [
  ...['ip6t_REJECT', 'ip6t_icmp6', 'ipt_REJECT', 'ipt_icmp'],
  ...['DNAT', 'LOG', 'MARK', 'MASQUERADE', 'REDIRECT', 'SNAT', 'TCPMSS'].map((name) => `xt_${name}`),
  ...['addrtype', 'comment', 'conntrack', 'ipvs', 'limit', 'mark', 'multiport', 'physdev'].map((name) => `xt_${name}`),
  ...['standard', 'state', 'statistic', 'tcp', 'udp'].map((name) => `xt_${name}`),
];

/**
 * What a container host has beyond the base root, as a second archive that the kernel unpacks over the first:
 * the OCI runtime, the full network tools and the libraries of both.
 */
export function buildContainerHostInitrd(lock: Lock): Uint8Array<ArrayBuffer> {
  const packages = unpackPackages(lock, containerHostPackages);
  const fileOf = (name: string, path: string): string => join(packages.get(name) ?? missing(name), path);
  const files = Object.entries(programs).flatMap(([name, paths]) => paths.map((path) => fileOf(name, path)));
  const extensions = iptablesExtensions.map((name) => fileOf('iptables', `${extensionDirectory}/lib${name}.so`));

  const tree = new FileTree();
  for (const file of files) tree.addFile(`bin/${basename(file)}`, readFileSync(file), 0o755);
  for (const name of iptablesNames) tree.addSymlink(`bin/${name}`, 'xtables-legacy-multi');
  for (const file of extensions) tree.addFile(`${extensionDirectory}/${basename(file)}`, readFileSync(file));
  for (const [name, file] of libraryClosure([...files, ...extensions], [...packages.values()])) {
    tree.addFile(name === loader ? `lib/${name}` : `${libraryDirectory}/${name}`, readFileSync(file), 0o755);
  }
  addDirectoryContents(tree, join(imagesDirectory, 'guest/files/container-host'));
  return serializeCpio(tree);
}

function missing(name: string): never {
  throw new SandboxError('Internal', `images/packages.ts does not list ${name}`);
}
