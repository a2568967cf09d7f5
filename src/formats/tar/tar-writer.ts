import { concatBytes } from '../../base/bytes';
import { serializeFileName } from '../file-name';
import type { TarEntry, TarEntryKind } from './tar-entry';
import { tarBlock } from './tar-header';

/** An entry to be written; of a file `size` bytes follow its header, then {@link tarPadding}. */
export type WrittenEntry = Omit<TarEntry, 'offset' | 'parts'>;

/** What stands at the end of a tar. */
export const tarEnd: Uint8Array<ArrayBuffer> = new Uint8Array(2 * tarBlock);

const typeFlags: Readonly<Record<TarEntryKind, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Bytes of a name or a target that the plain header has room for. */
const nameBytes = 100;

/**
 * The header of an entry: ustar (POSIX.1-2017, pax), with an extended one in front where that has no room for
 * something. The same entry gives the same bytes, which `tar-scanner.ts` reads as the same entry.
 */
export function serializeTarEntry(entry: WrittenEntry): Uint8Array<ArrayBuffer> {
  const { kind, uid, gid, mtime, xattrs } = entry;
  const size = kind === 'file' ? entry.size : 0;
  const path = serializeFileName(kind === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path);
  const target = serializeFileName(kind === 'link' || kind === 'symlink' ? entry.target : '');
  const records: [string, Uint8Array][] = [];
  if (path.length > nameBytes) records.push(['path', path]);
  if (target.length > nameBytes) records.push(['linkpath', target]);
  if (!fits(size, 11)) records.push(['size', ascii(String(size))]);
  if (!fits(uid, 7)) records.push(['uid', ascii(String(uid))]);
  if (!fits(gid, 7)) records.push(['gid', ascii(String(gid))]);
  if (!fits(mtime, 11)) records.push(['mtime', ascii(decimal(mtime))]);
  for (const [name, value] of [...(xattrs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    records.push([`SCHILY.xattr.${name}`, value]);
  }
  const plain = header({ ...entry, size, path, target, type: typeFlags[kind] });
  return records.length === 0 ? plain : concatBytes([extended(records), plain]);
}

/** What follows the bytes of a file. */
export function tarPadding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((tarBlock - (size % tarBlock)) % tarBlock);
}

interface HeaderFields extends Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'device'> {
  readonly path: Uint8Array;
  readonly target: Uint8Array;
  readonly type: string;
}

/** What has no room is cut off or 0: an extended header says it. */
function header({ path, target, type, mode, uid, gid, size, mtime, device }: HeaderFields): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(tarBlock);
  const put = (at: number, bytes: Uint8Array): void => block.set(bytes, at);
  const putOctal = (at: number, digits: number, value: number): void =>
    put(at, ascii((fits(value, digits) ? value : 0).toString(8).padStart(digits, '0')));
  put(0, path.subarray(0, nameBytes));
  putOctal(100, 7, mode);
  putOctal(108, 7, uid);
  putOctal(116, 7, gid);
  putOctal(124, 11, size);
  putOctal(136, 11, Math.max(0, Math.floor(mtime)));
  put(148, ascii(' '.repeat(8)));
  put(156, ascii(type));
  put(157, target.subarray(0, nameBytes));
  put(257, ascii('ustar\x0000'));
  putOctal(329, 7, device.major);
  putOctal(337, 7, device.minor);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, ascii(`${sum.toString(8).padStart(6, '0')}\0 `));
  return block;
}

function extended(records: readonly (readonly [string, Uint8Array])[]): Uint8Array<ArrayBuffer> {
  const body = concatBytes(records.map(([key, value]) => paxRecord(key, value)));
  const none = { mode: 0o644, uid: 0, gid: 0, mtime: 0, device: { major: 0, minor: 0 }, target: new Uint8Array() };
  const head = header({ ...none, path: ascii('PaxHeader'), size: body.length, type: 'x' });
  return concatBytes([head, body, tarPadding(body.length)]);
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes([ascii(' '), serializeFileName(key), ascii('='), value, ascii('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length > length) length = String(length).length + rest.length;
  return concatBytes([ascii(String(length)), rest]);
}

function fits(value: number, octalDigits: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 8 ** octalDigits;
}

/** Seconds with up to nine digits behind the point, as pax wants them. */
function decimal(seconds: number): string {
  return seconds.toFixed(9).replace(/\.?0+$/, '');
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
