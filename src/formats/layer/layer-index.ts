import type { Digest } from '../../api/content-store';
import type { FilePart, LayerIndex, LayerNode, LayerNodeKind } from '../../api/layer';
import { SandboxError } from '../../base/errors';
import { ByteReader } from '../byte-reader';
import { ByteWriter } from '../byte-writer';
import { parseFileName, serializeFileName } from '../file-name';

/**
 * How a layer's index is stored. All numbers but times are of {@link ByteWriter.uint}'s form.
 *
 * | what | how |
 * |---|---|
 * | head | `SLIX`, version, bytes of the tar, number of nodes |
 * | each node, in order | kind and flags in a byte, mode, uid, gid, mtime as f64, then by kind: |
 * | file | size, offset; a sparse one: number of parts, and start, size, offset of each |
 * | symbolic link | target |
 * | device | major, minor |
 * | directory | number of names, and name and node of each |
 * | attributes, if any | how many, and name and value of each |
 *
 * Names and values are their length and their bytes. Counts of links follow from the tree.
 */
const magic = 0x5849_4c53;
const version = 1;

const kinds: readonly LayerNodeKind[] = ['file', 'directory', 'symlink', 'character', 'block', 'fifo', 'whiteout'];
const kindMask = 0x07;
const flags = { parts: 0x08, xattrs: 0x10, opaque: 0x20, implied: 0x40 } as const;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The compact form of an index, without the diffID, under which it is kept. */
export function serializeLayerIndex({ size, nodes }: Omit<LayerIndex, 'diffId'>): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u32(magic).uint(version).uint(size).uint(nodes.length);
  for (const node of nodes) writeNode(writer, node);
  return writer.finish();
}

/** The other half of {@link serializeLayerIndex}. Errors: `DataLoss` for bytes that are no index of this version. */
export function parseLayerIndex(diffId: Digest, bytes: Uint8Array): LayerIndex {
  const reader = new ByteReader(bytes);
  if (reader.u32() !== magic || reader.uint() !== version) throw damaged('it is of another version');
  const size = reader.uint();
  const count = reader.uint();
  if (count > bytes.length) throw damaged('it has more nodes than bytes');
  const nodes = Array.from({ length: count }, () => readNode(reader));
  reader.end();
  countLinks(nodes);
  return { diffId, size, nodes };
}

function writeNode(writer: ByteWriter, node: LayerNode): void {
  const { kind, mode, uid, gid, mtime, size, offset, parts, target, device, xattrs, opaque, implied, children } = node;
  const marks =
    (parts ? flags.parts : 0) |
    (xattrs ? flags.xattrs : 0) |
    (opaque ? flags.opaque : 0) |
    (implied ? flags.implied : 0);
  writer.u8(kinds.indexOf(kind) | marks);
  writer.uint(mode).uint(uid).uint(gid).f64(mtime);
  if (kind === 'file') writer.uint(size).uint(offset);
  if (parts) {
    writer.uint(parts.length);
    for (const part of parts) writer.uint(part.start).uint(part.size).uint(part.offset);
  }
  if (kind === 'symlink') writeBytes(writer, serializeFileName(target ?? ''));
  if (kind === 'character' || kind === 'block') writer.uint(device?.major ?? 0).uint(device?.minor ?? 0);
  if (kind === 'directory') {
    writer.uint(children?.size ?? 0);
    for (const [name, number] of children ?? []) writeBytes(writer, serializeFileName(name)).uint(number);
  }
  if (xattrs) {
    writer.uint(xattrs.size);
    for (const [name, value] of xattrs) writeBytes(writeBytes(writer, serializeFileName(name)), value);
  }
}

function readNode(reader: ByteReader): Mutable<LayerNode> {
  const first = reader.u8();
  const kind = kinds[first & kindMask];
  if (!kind) throw damaged('a node is of an unknown kind');
  const [mode, uid, gid, mtime] = [reader.uint(), reader.uint(), reader.uint(), reader.f64()];
  const isFile = kind === 'file';
  const [size, offset] = isFile ? [reader.uint(), reader.uint()] : [0, 0];
  const parts = first & flags.parts ? readList(reader, () => readPart(reader)) : undefined;
  const target = kind === 'symlink' ? parseFileName(readBytes(reader)) : undefined;
  const device = kind === 'character' || kind === 'block' ? { major: reader.uint(), minor: reader.uint() } : undefined;
  const children = kind === 'directory' ? new Map(readList(reader, () => readChild(reader))) : undefined;
  const xattrs = first & flags.xattrs ? new Map(readList(reader, () => readXattr(reader))) : undefined;
  return {
    kind,
    mode,
    uid,
    gid,
    mtime,
    links: 1,
    size,
    offset,
    ...(parts && { parts }),
    ...(target !== undefined && { target }),
    ...(device && { device }),
    ...(xattrs && { xattrs }),
    ...(first & flags.opaque && { opaque: true }),
    ...(first & flags.implied && { implied: true }),
    ...(children && { children }),
  };
}

function readPart(reader: ByteReader): FilePart {
  return { start: reader.uint(), size: reader.uint(), offset: reader.uint() };
}

function readChild(reader: ByteReader): readonly [string, number] {
  return [parseFileName(readBytes(reader)), reader.uint()];
}

function readXattr(reader: ByteReader): readonly [string, Uint8Array] {
  return [parseFileName(readBytes(reader)), readBytes(reader)];
}

/** Gives the nodes their counts of links. Errors: `DataLoss` when they are not one tree. */
function countLinks(nodes: readonly Mutable<LayerNode>[]): void {
  const links = new Uint32Array(nodes.length);
  if (nodes[0]?.kind !== 'directory') throw damaged('its root is no directory');
  nodes.forEach(({ children }, index) => {
    if (!children) return;
    if (index > 0 && !links[index]) throw damaged('one of its directories has no name');
    links[index] = (links[index] ?? 0) + 1;
    for (const number of children.values()) {
      const isDirectory = nodes[number - 1]?.kind === 'directory';
      // Numbers grow along the tree, so that nothing contains itself; and a directory has one name.
      const sound =
        number >= 1 && number <= nodes.length && !(isDirectory && (number <= index + 1 || links[number - 1]));
      if (!sound) throw damaged('its nodes are not one tree');
      links[number - 1] = (links[number - 1] ?? 0) + 1;
      if (isDirectory) links[index] = (links[index] ?? 0) + 1;
    }
  });
  links[0] = (links[0] ?? 0) + 1;
  if (links.includes(0)) throw damaged('one of its nodes has no name');
  nodes.forEach((node, index) => {
    node.links = links[index] ?? 1;
  });
}

function writeBytes(writer: ByteWriter, value: Uint8Array): ByteWriter {
  return writer.uint(value.length).bytes(value);
}

function readBytes(reader: ByteReader): Uint8Array<ArrayBuffer> {
  return reader.bytes(reader.uint());
}

function readList<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.uint();
  if (count > reader.left) throw damaged('a list has more entries than bytes');
  return Array.from({ length: count }, read);
}

function damaged(what: string): SandboxError {
  return new SandboxError('DataLoss', `The index of a layer is damaged: ${what}`);
}
