import { concatBytes } from '../../src/base/bytes';
import { SandboxError } from '../../src/base/errors';
import type { TarEntry } from '../../src/formats/tar/tar-entry';
import { TarScanner } from '../../src/formats/tar/tar-scanner';
import { sourceDateEpoch } from './cpio';
import { type RootNode, type RootTree, sortedPaths } from './root-tree';

/**
 * Root file systems as tar archives in pax form (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"),
 * with extended attributes as tar(1) and the container engines write them. Written here since modern-tar takes the
 * values of attributes for text, and file capabilities are not.
 */
const blockBytes = 512;
const xattrPrefix = 'SCHILY.xattr.';
const typeFlags = { file: '0', link: '1', symlink: '2', directory: '5', pax: 'x' } as const;

const encoder = new TextEncoder();

/** The same bytes for the same tree: sorted paths, one date, numbers for owners. */
export function serializeTar(tree: RootTree): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const written = new Map<RootNode, string>();
  for (const path of sortedPaths(tree)) {
    const node = tree.get(path);
    if (!node) continue;
    parts.push(...serializeNode(path, node, written.get(node)));
    if (node.kind === 'file' && !written.has(node)) written.set(node, path);
  }
  return concatBytes([...parts, new Uint8Array(2 * blockBytes)]);
}

/** `linkTo` is the path under which the same file was written before. */
function serializeNode(path: string, node: RootNode, linkTo: string | undefined): readonly Uint8Array[] {
  const name = node.kind === 'directory' ? `${path}/` : path;
  const target = linkTo ?? (node.kind === 'symlink' ? node.target : '');
  const body = node.kind === 'file' && linkTo === undefined ? node.bytes : new Uint8Array();
  const type = linkTo === undefined ? node.kind : 'link';
  const records = new Map<string, Uint8Array>();
  if (!fitsUstar(name)) records.set('path', encoder.encode(name));
  if (!fitsUstar(target)) records.set('linkpath', encoder.encode(target));
  if (linkTo === undefined) for (const [key, value] of node.xattrs ?? []) records.set(xattrPrefix + key, value);
  const { mode, uid, gid } = node;
  return [
    ...(records.size > 0 ? serializePax(records) : []),
    serializeHeader({ name, type, target, size: body.length, mode, uid, gid }),
    ...padded(body),
  ];
}

function serializePax(records: ReadonlyMap<string, Uint8Array>): readonly Uint8Array[] {
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  const body = concatBytes(sorted.map(([key, value]) => serializeRecord(key, value)));
  const header = { name: 'pax', type: 'pax', target: '', size: body.length, mode: 0o644, uid: 0, gid: 0 } as const;
  return [serializeHeader(header), ...padded(body)];
}

/** "LENGTH KEY=VALUE\n", where the length counts its own digits. */
function serializeRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes([encoder.encode(` ${key}=`), value, encoder.encode('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return concatBytes([encoder.encode(String(length)), rest]);
}

interface Header {
  readonly name: string;
  readonly type: keyof typeof typeFlags;
  readonly target: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

function serializeHeader({ name, type, target, size, mode, uid, gid }: Header): Uint8Array {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, digits: number): unknown =>
    header.write(value.toString(8).padStart(digits, '0'), at);
  header.write(name, 0, 100);
  octal(mode, 100, 7);
  octal(uid, 108, 7);
  octal(gid, 116, 7);
  octal(size, 124, 11);
  octal(sourceDateEpoch, 136, 11);
  header.write('        ', 148);
  header.write(typeFlags[type], 156);
  header.write(target, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** As a header's own field: short, and ASCII, for readers differ about anything else. */
function fitsUstar(name: string): boolean {
  return name.length <= 100 && /^[\x20-\x7e]*$/.test(name);
}

function padded(body: Uint8Array): readonly Uint8Array[] {
  return [body, new Uint8Array((blockBytes - (body.length % blockBytes)) % blockBytes)];
}

/** A root file system as tar(1) wrote it. Devices are left out: a container's engine makes its own. */
export function parseTar(archive: Uint8Array): RootTree {
  const tree = new Map<string, RootNode>();
  const scanner = new TarScanner((entry) => {
    const path = cleanPath(entry.path);
    const node = parseNode(entry, archive, tree);
    if (path !== '' && node) tree.set(path, node);
  });
  scanner.push(archive);
  scanner.finish();
  return tree;
}

function parseNode(entry: TarEntry, archive: Uint8Array, tree: RootTree): RootNode | undefined {
  const { kind, path, target, mode, uid, gid, xattrs } = entry;
  const attributes = { mode, uid, gid, ...(xattrs && { xattrs }) };
  switch (kind) {
    case 'directory':
      return { kind, ...attributes };
    case 'file':
      return { kind, bytes: archive.subarray(entry.offset, entry.offset + entry.size), ...attributes };
    case 'symlink':
      return { kind, target, ...attributes };
    case 'link': {
      const file = tree.get(cleanPath(target));
      if (file) return file;
      throw new SandboxError('DataLoss', `${path} is a hard link to ${target}, which does not come before it`);
    }
    default:
      return undefined;
  }
}

function cleanPath(path: string): string {
  return path.replace(/^(\.?\/)+|^\.$/, '').replace(/\/+$/, '');
}
