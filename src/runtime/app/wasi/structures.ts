import type { Inode } from './inode';

/** Structures of WASI preview 1 as bytes, little-endian. */

/** `fdstat`: 24 bytes. */
export function serializeFdstat(type: number, flags: number, base: bigint, inheriting: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint8(0, type);
  view.setUint16(2, flags, true);
  view.setBigUint64(8, base, true);
  view.setBigUint64(16, inheriting, true);
  return new Uint8Array(view.buffer);
}

/** What {@link serializeFilestat} tells; a terminal has it too. */
export type FileStatus = Pick<Inode, 'number' | 'names' | 'size' | 'accessed' | 'modified' | 'changed'> & {
  readonly type: number;
};

/** `filestat`: 64 bytes. All files are on one device. */
export function serializeFilestat(status: FileStatus): Uint8Array {
  const view = new DataView(new ArrayBuffer(64));
  view.setBigUint64(0, 1n, true);
  view.setBigUint64(8, status.number, true);
  view.setUint8(16, status.type);
  view.setBigUint64(24, BigInt(status.names), true);
  view.setBigUint64(32, BigInt(status.size), true);
  view.setBigUint64(40, status.accessed, true);
  view.setBigUint64(48, status.modified, true);
  view.setBigUint64(56, status.changed, true);
  return new Uint8Array(view.buffer);
}

/** `dirent` and the name behind it: 24 bytes and as many as the name has. */
export function serializeDirent(next: number, inode: Inode, name: string): Uint8Array {
  const nameBytes = new TextEncoder().encode(name);
  const bytes = new Uint8Array(24 + nameBytes.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(next), true);
  view.setBigUint64(8, inode.number, true);
  view.setUint32(16, nameBytes.length, true);
  view.setUint8(20, inode.type);
  bytes.set(nameBytes, 24);
  return bytes;
}

/** `event`: 32 bytes. */
export function serializeEvent(userdata: bigint, error: number, type: number, bytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setBigUint64(0, userdata, true);
  view.setUint16(8, error, true);
  view.setUint8(10, type);
  view.setBigUint64(16, BigInt(bytes), true);
  return new Uint8Array(view.buffer);
}
