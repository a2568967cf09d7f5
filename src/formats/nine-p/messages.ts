import { blob, type FieldsOf, names, qid, qids, text, timestamp, u8, u16, u32, u64 } from './fields';

/**
 * Messages of 9P2000.L (the Linux kernel's net/9p and github.com/chaos/diod's protocol.md). A reply has the number
 * of its request and one; what fails is answered by `error`.
 */

/** No tag, for `version`; no fid, for `attach` without authentication. */
export const noTag = 0xffff;
export const noFid = 0xffff_ffff;

const attributes = { mode: u32, uid: u32, gid: u32 };

export const requestLayouts = {
  statfs: { fid: u32 },
  lopen: { fid: u32, flags: u32 },
  lcreate: { fid: u32, name: text, flags: u32, mode: u32, gid: u32 },
  symlink: { fid: u32, name: text, target: text, gid: u32 },
  mknod: { fid: u32, name: text, mode: u32, major: u32, minor: u32, gid: u32 },
  rename: { fid: u32, directory: u32, name: text },
  readlink: { fid: u32 },
  getattr: { fid: u32, mask: u64 },
  setattr: { fid: u32, valid: u32, ...attributes, size: u64, atime: timestamp, mtime: timestamp },
  xattrwalk: { fid: u32, newFid: u32, name: text },
  xattrcreate: { fid: u32, name: text, size: u64, flags: u32 },
  readdir: { fid: u32, offset: u64, count: u32 },
  fsync: { fid: u32, dataSync: u32 },
  lock: { fid: u32, lock: u8, flags: u32, start: u64, length: u64, process: u32, client: text },
  getlock: { fid: u32, lock: u8, start: u64, length: u64, process: u32, client: text },
  link: { directory: u32, fid: u32, name: text },
  mkdir: { fid: u32, name: text, mode: u32, gid: u32 },
  renameat: { oldDirectory: u32, oldName: text, newDirectory: u32, newName: text },
  unlinkat: { directory: u32, name: text, flags: u32 },
  version: { msize: u32, version: text },
  auth: { fid: u32, user: text, tree: text, uid: u32 },
  attach: { fid: u32, authFid: u32, user: text, tree: text, uid: u32 },
  flush: { oldTag: u16 },
  walk: { fid: u32, newFid: u32, names },
  read: { fid: u32, offset: u64, count: u32 },
  write: { fid: u32, offset: u64, data: blob },
  clunk: { fid: u32 },
  remove: { fid: u32 },
};

export type RequestType = keyof typeof requestLayouts;

const none = {};

export const replyLayouts = {
  statfs: {
    magic: u32,
    blockSize: u32,
    blocks: u64,
    freeBlocks: u64,
    availableBlocks: u64,
    files: u64,
    freeFiles: u64,
    id: u64,
    nameLength: u32,
  },
  lopen: { qid, ioUnit: u32 },
  lcreate: { qid, ioUnit: u32 },
  symlink: { qid },
  mknod: { qid },
  rename: none,
  readlink: { target: text },
  getattr: {
    valid: u64,
    qid,
    ...attributes,
    links: u64,
    device: u64,
    size: u64,
    blockSize: u64,
    blocks: u64,
    atime: timestamp,
    mtime: timestamp,
    ctime: timestamp,
    btime: timestamp,
    generation: u64,
    dataVersion: u64,
  },
  setattr: none,
  xattrwalk: { size: u64 },
  xattrcreate: none,
  readdir: { data: blob },
  fsync: none,
  lock: { status: u8 },
  getlock: { lock: u8, start: u64, length: u64, process: u32, client: text },
  link: none,
  mkdir: { qid },
  renameat: none,
  unlinkat: none,
  version: { msize: u32, version: text },
  auth: { qid },
  attach: { qid },
  flush: none,
  walk: { qids },
  read: { data: blob },
  write: { count: u32 },
  clunk: none,
  remove: none,
  error: { errno: u32 },
};

export type ReplyType = keyof typeof replyLayouts;

/** The fields of one request: `RequestOf<'lopen'>` has fid and flags. */
export type RequestOf<Type extends RequestType> = FieldsOf<(typeof requestLayouts)[Type]>;
export type ReplyOf<Type extends ReplyType> = FieldsOf<(typeof replyLayouts)[Type]>;

export type Request = { readonly [Type in RequestType]: { readonly type: Type } & RequestOf<Type> }[RequestType];
export type Reply = { readonly [Type in ReplyType]: { readonly type: Type } & ReplyOf<Type> }[ReplyType];

/** Number of each request on the wire. `error` is a reply to 6, which nobody sends. */
export const requestNumbers: Readonly<Record<RequestType | 'error', number>> = {
  error: 6,
  statfs: 8,
  lopen: 12,
  lcreate: 14,
  symlink: 16,
  mknod: 18,
  rename: 20,
  readlink: 22,
  getattr: 24,
  setattr: 26,
  xattrwalk: 30,
  xattrcreate: 32,
  readdir: 40,
  fsync: 50,
  lock: 52,
  getlock: 54,
  link: 70,
  mkdir: 72,
  renameat: 74,
  unlinkat: 76,
  version: 100,
  auth: 102,
  attach: 104,
  flush: 108,
  walk: 110,
  read: 116,
  write: 118,
  clunk: 120,
  remove: 122,
};
