import type { InodeNumber } from '../../api/file-tree';
import { fileError } from '../../formats/linux-errno';

/** An extended attribute that is read or written through a fid. */
export type XattrUse =
  | { readonly kind: 'read'; readonly value: Uint8Array }
  | {
      readonly kind: 'write';
      readonly name: string;
      readonly flags: number;
      readonly value: Uint8Array;
      filled: number;
    };

/** What a client calls a file by. */
export interface Fid {
  readonly inode: InodeNumber;
  /** Where it was found: what `remove` and `rename` need. The root has none. */
  readonly parent: InodeNumber;
  readonly name: string;
  /** Where the client was attached; `..` leads no higher. */
  readonly root: InodeNumber;
  /** Who attached it: the owner of what is created. */
  readonly uid: number;
  /** Flags of open(2), once it is open. */
  readonly open?: number;
  readonly xattr?: XattrUse;
}

/** A name in a directory. */
export interface Place {
  readonly directory: InodeNumber;
  readonly name: string;
}

/** Fids as they are saved with a machine, whose state has arrays only. */
export type FidTableState = readonly [
  /** Six numbers for each fid: its own, inode, parent, root, uid, and 1 more than its flags or 0. */
  numbers: Float64Array,
  /** For each fid; none at all where nothing can be renamed. */
  names: readonly string[],
  xattrs: readonly SavedXattr[],
];

/** `name` is empty and `filled` 0 for one that is read. */
type SavedXattr = readonly [fid: number, value: Uint8Array, name: string, flags: number, filled: number];

/** A client's cache has a fid for each name it knows. More than this is none of Linux's doing. */
const maxFids = 1 << 20;
const numbersOfFid = 6;

export class FidTable {
  readonly #fids = new Map<number, Fid>();

  get size(): number {
    return this.#fids.size;
  }

  values(): Iterable<Fid> {
    return this.#fids.values();
  }

  /** EBADF when there is no such fid. */
  get(number: number): Fid {
    const fid = this.#fids.get(number);
    if (!fid) throw fileError('EBADF', `No such fid: ${number}`);
    return fid;
  }

  has(number: number): boolean {
    return this.#fids.has(number);
  }

  /** EBADF when the number is taken. */
  add(number: number, fid: Fid): void {
    this.requireFree(number);
    if (this.size >= maxFids) throw fileError('ENFILE', `More than ${maxFids} fids`);
    this.#fids.set(number, fid);
  }

  replace(number: number, fid: Fid): void {
    this.#fids.set(number, fid);
  }

  delete(number: number): void {
    this.#fids.delete(number);
  }

  requireFree(number: number): void {
    if (this.#fids.has(number)) throw fileError('EBADF', `The fid is in use: ${number}`);
  }

  /** A file has moved: fids that found it where it was. */
  relocate(inode: InodeNumber, from: Place, to: Place): void {
    for (const [number, fid] of this.#fids) {
      if (fid.inode !== inode || fid.parent !== from.directory || fid.name !== from.name) continue;
      this.#fids.set(number, { ...fid, parent: to.directory, name: to.name });
    }
  }

  /** With `names` also where each was found. */
  save(names: boolean): FidTableState {
    const numbers = new Float64Array(this.size * numbersOfFid);
    const xattrs: SavedXattr[] = [];
    let at = 0;
    for (const [number, { inode, parent, root, uid, open, xattr }] of this.#fids) {
      numbers.set([number, inode, parent, root, uid, open === undefined ? 0 : open + 1], at);
      at += numbersOfFid;
      if (xattr) xattrs.push(saveXattr(number, xattr));
    }
    return [numbers, names ? [...this.values()].map(({ name }) => name) : [], xattrs];
  }

  static restore([numbers, names, xattrs]: FidTableState): FidTable {
    const table = new FidTable();
    const uses = new Map(xattrs.map((saved) => [saved[0], restoreXattr(saved)]));
    for (let at = 0; at + numbersOfFid <= numbers.length; at += numbersOfFid) {
      const [number = 0, inode = 0, parent = 0, root = 0, uid = 0, open = 0] = numbers.subarray(at, at + numbersOfFid);
      const xattr = uses.get(number);
      const name = names[at / numbersOfFid] ?? '';
      table.#fids.set(number, {
        inode,
        parent,
        name,
        root,
        uid,
        ...(open > 0 && { open: open - 1 }),
        ...(xattr && { xattr }),
      });
    }
    return table;
  }
}

function saveXattr(fid: number, use: XattrUse): SavedXattr {
  return use.kind === 'read' ? [fid, use.value, '', 0, 0] : [fid, use.value, use.name, use.flags, use.filled];
}

function restoreXattr([, value, name, flags, filled]: SavedXattr): XattrUse {
  return name === '' ? { kind: 'read', value } : { kind: 'write', name, flags, value, filled };
}
