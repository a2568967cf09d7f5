import { concatBytes } from '../base/bytes';
import { type NetlinkAttribute, netlinkFlags, serializeNetlinkMessage } from './netlink';

/**
 * nftables for bridges as Linux's kernel takes them (its include/uapi/linux/netfilter/nf_tables.h), all changes of a batch or
 * none. What nft itself would send for them, `nft --debug=netlink` says.
 */

/** `NETLINK_NETFILTER`. */
export const netfilterProtocol = 12;

const families = { none: 0, bridge: 7 } as const;
/** `NFNL_SUBSYS_NFTABLES`. */
const subsystem = 10;
const batchMessages = { begin: 0x10, end: 0x11 } as const;

/** `NFT_MSG_…`. */
const changeTypes = {
  createTable: 0,
  deleteTable: 2,
  createChain: 3,
  createRule: 6,
  createSet: 9,
  addElements: 12,
  deleteElements: 14,
} as const;

/** How nft shows the keys of a set (its include/datatype.h), and how many bytes they have in one, a multiple of four where more follow. */
export const setKeys = {
  ifname: { type: 41, size: 16 },
  etherAddress: { type: 9, size: 8 },
  ipv4Address: { type: 7, size: 4 },
  etherType: { type: 10, size: 2 },
} as const;

/** Bits of one type in the type of a key that is put together. */
const keyTypeBits = 6;

/** `NFT_PAYLOAD_…_HEADER`. */
const payloadBases = { link: 0, network: 1, transport: 2 } as const;
/** `NFT_META_…`. */
const metaKeys = { protocol: 1, iifname: 6, l4proto: 16 } as const;
const comparisons = { equal: 0, unequal: 1 } as const;

const verdictRegister = 0;
/** `NF_DROP` and `NFT_JUMP`. */
const verdicts = { drop: 0, jump: 0xffff_fffd } as const;

/** `NF_BR_PRE_ROUTING`, and `NF_BR_PRI_FILTER_BRIDGED`. */
const prerouting = { hook: 0, priority: -200 } as const;

/**
 * `NFT_REG_1` and `NFT_REG_2`, of 16 bytes each; what is in the second follows what is in the first. `NFT_REG32_05` is the second
 * word of the second.
 */
type NftRegister = 1 | 2 | 13;

/** One step of a rule. */
export type NftExpression = NetlinkAttribute;

/** One change of a batch. */
export type NftChange = Uint8Array<ArrayBuffer>;

export function createTable(table: string): NftChange {
  return change('createTable', netlinkFlags.create, [text(1, table)]);
}

export function deleteTable(table: string): NftChange {
  return change('deleteTable', 0, [text(1, table)]);
}

/** `id` is any number that no other set of the batch has. */
export function createSet(
  table: string,
  set: string,
  id: number,
  keys: readonly { readonly type: number; readonly size: number }[],
): NftChange {
  const type = keys.reduce((all, key) => (all << keyTypeBits) | key.type, 0);
  const size = keys.reduce((all, key) => all + key.size, 0);
  const shape = [u32(4, type), u32(5, size), u32(10, id)];
  return change('createSet', netlinkFlags.create, [text(1, table), text(2, set), u32(3, 0), ...shape]);
}

/** Elements that are there already stay. */
export function addElements(table: string, set: string, keys: readonly Uint8Array[]): NftChange {
  return change('addElements', netlinkFlags.create, elements(table, set, keys));
}

/** All of them have to be there. */
export function deleteElements(table: string, set: string, keys: readonly Uint8Array[]): NftChange {
  return change('deleteElements', 0, elements(table, set, keys));
}

/** A chain that others jump to. */
export function createChain(table: string, chain: string): NftChange {
  return change('createChain', netlinkFlags.create, [text(1, table), text(3, chain)]);
}

/** A chain that filters what comes to a port of a bridge, and accepts what no rule decides. */
export function createPreroutingChain(table: string, chain: string): NftChange {
  const hook = { type: 4, value: [u32(1, prerouting.hook), u32(2, prerouting.priority)] };
  const accept = u32(5, 1);
  return change('createChain', netlinkFlags.create, [text(1, table), text(3, chain), hook, accept, text(7, 'filter')]);
}

/** Behind the rules that the chain has. */
export function createRule(
  table: string,
  chain: string,
  expressions: readonly NftExpression[],
  comment?: string,
): NftChange {
  const list = { type: 4, value: expressions };
  const said = comment === undefined ? [] : [{ type: 7, value: commentData(comment) }];
  const flags = netlinkFlags.create | netlinkFlags.append;
  return change('createRule', flags, [text(1, table), text(2, chain), list, ...said]);
}

/** What the packet itself does not say, into a register. */
export function loadMeta(key: keyof typeof metaKeys, to: NftRegister = 1): NftExpression {
  return expression('meta', [u32(1, to), u32(2, metaKeys[key])]);
}

/** Bytes of a header of the packet, into a register. */
export function loadPayload(
  base: keyof typeof payloadBases,
  offset: number,
  size: number,
  to: NftRegister = 1,
): NftExpression {
  return expression('payload', [u32(1, to), u32(2, payloadBases[base]), u32(3, offset), u32(4, size)]);
}

/** Keeps those bits of the first register. */
export function mask(bits: Uint8Array): NftExpression {
  const registers = [u32(1, 1), u32(2, 1), u32(3, bits.length)];
  return expression('bitwise', [...registers, data(4, bits), data(5, new Uint8Array(bits.length))]);
}

/** Goes on when what the first register begins with is, or is not, that. */
export function compare(how: keyof typeof comparisons, value: Uint8Array): NftExpression {
  return expression('cmp', [u32(1, 1), u32(2, comparisons[how]), data(3, value)]);
}

/** Goes on when the registers from the first on are, or are not, in a set. */
export function lookUp(set: string, { inverted = false } = {}): NftExpression {
  return expression('lookup', [text(1, set), u32(2, 1), ...(inverted ? [u32(5, 1)] : [])]);
}

export function count(): NftExpression {
  return expression('counter', []);
}

export function drop(): NftExpression {
  return decide([u32(1, verdicts.drop)]);
}

export function jump(chain: string): NftExpression {
  return decide([u32(1, verdicts.jump), text(2, chain)]);
}

export function serializeNftBatch(changes: readonly NftChange[]): Uint8Array<ArrayBuffer> {
  const mark = (type: number): Uint8Array => serializeNetlinkMessage(type, 0, header(families.none, subsystem));
  return concatBytes([mark(batchMessages.begin), ...changes, mark(batchMessages.end)]);
}

function change(type: keyof typeof changeTypes, flags: number, attributes: readonly NetlinkAttribute[]): NftChange {
  return serializeNetlinkMessage((subsystem << 8) | changeTypes[type], flags, header(families.bridge, 0), attributes);
}

/** `struct nfgenmsg`. */
function header(family: number, resource: number): Uint8Array {
  return Uint8Array.of(family, 0, resource >> 8, resource & 0xff);
}

function elements(table: string, set: string, keys: readonly Uint8Array[]): readonly NetlinkAttribute[] {
  const list = keys.map((key) => ({ type: 1, value: [data(1, key)] }));
  return [text(1, table), text(2, set), { type: 3, value: list }];
}

/** Its type is that of an element of a list. */
function expression(name: string, attributes: readonly NetlinkAttribute[]): NftExpression {
  return { type: 1, value: [text(1, name), { type: 2, value: attributes }] };
}

function decide(verdict: readonly NetlinkAttribute[]): NftExpression {
  return expression('immediate', [u32(1, verdictRegister), { type: 2, value: [{ type: 2, value: verdict }] }]);
}

function data(type: number, value: Uint8Array): NetlinkAttribute {
  return { type, value: [{ type: 1, value }] };
}

/** As libnftnl keeps it: type, length, words that end with zero. */
function commentData(comment: string): Uint8Array {
  const { value } = text(0, comment);
  return concatBytes([Uint8Array.of(0, value.length), value]);
}

function text(type: number, value: string): { readonly type: number; readonly value: Uint8Array } {
  return { type, value: new TextEncoder().encode(`${value}\0`) };
}

/** Numbers of nftables are big-endian. */
function u32(type: number, value: number): NetlinkAttribute {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value >>> 0);
  return { type, value: new Uint8Array(bytes.buffer) };
}
