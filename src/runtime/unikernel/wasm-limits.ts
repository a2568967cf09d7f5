import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';

/** Bytes of a page of WebAssembly memory (core specification, 4.2.8). */
export const pageBytes = 64 * 1024;

/** Entries that a table can grow to: each is eight bytes of the host's memory. */
const maxTableEntries = 65_536;

/** Numbers of sections (core specification, 5.5.2). */
const sectionId = { type: 1, import: 2, table: 4, memory: 5 } as const;

/** Kinds of imports (5.5.5). */
const importKind = { function: 0, memory: 2, global: 3 } as const;

/** Bits of the limits of a memory: it has a maximum; it is shared (threads); it is of 64 bits. */
const limitFlag = { maximum: 1, shared: 2, wide: 4 } as const;

/** `\0asm`, version 1. */
const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const functionType = 0x60;
/** i32, i64, f32, f64, v128, funcref, externref. */
const plainTypes: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f]);
const plainReferences: ReadonlySet<number> = new Set([0x70, 0x6f]);

/**
 * The module with ceilings on all that makes it take memory: the one memory that it has to have grows to `maxPages` at
 * most, its tables to 65,536 entries; `memory.grow` and `table.grow` beyond that fail in the guest. What allocates
 * from the host's own heap (the types of the GC proposal) is refused, since it cannot be limited.
 *
 * `InvalidArgument` for what is no such module, `ResourceExhausted` when it needs more from the start. With
 * `mayImport`, the one memory may be one that it is given, shared with threads.
 */
export function limitModule(bytes: Uint8Array, maxPages: number, mayImport = false): Uint8Array<ArrayBuffer> {
  if (!magic.every((byte, index) => bytes[index] === byte)) {
    throw invalid('it does not begin as WebAssembly does');
  }
  const reader = new Reader(bytes, magic.length);
  const parts: Uint8Array[] = [bytes.subarray(0, magic.length)];
  let memories = 0;
  while (!reader.atEnd) {
    const start = reader.offset;
    const id = reader.u8();
    const content = reader.bytes(reader.u32());
    if (id === sectionId.type) checkTypes(content);
    if (id === sectionId.import && mayImport) {
      const { count, section } = limitImports(content, maxPages);
      memories += count;
      parts.push(...framed(id, section));
    } else if (id === sectionId.memory) {
      const { count, section } = limitMemory(content, maxPages);
      memories += count;
      parts.push(...framed(id, section));
    } else if (id === sectionId.table) parts.push(...framed(id, limitTables(content)));
    else parts.push(bytes.subarray(start, reader.offset));
  }
  if (memories !== 1) throw invalid(`it defines ${memories} memories, not one`);
  return concatBytes(parts);
}

function limitMemory(content: Uint8Array, maxPages: number): { count: number; section: readonly number[] } {
  const reader = new Reader(content);
  const count = reader.u32();
  if (count !== 1) return { count, section: [...content] };
  if ((reader.u8() & ~limitFlag.maximum) !== 0) throw invalid('its memory is shared or of 64 bits');
  return { count, section: [1, ...limitsOf(new Reader(content, 1), maxPages)] };
}

/** The limits of a memory, with the ceiling. */
function limitsOf(reader: Reader, maxPages: number): readonly number[] {
  const flags = reader.u8();
  if (flags & limitFlag.wide) throw invalid('its memory is of 64 bits');
  const least = reader.u32();
  const most = flags & limitFlag.maximum ? reader.u32() : maxPages;
  if (least > maxPages) {
    const [needed, given] = [least, maxPages].map((pages) => (pages * pageBytes) / (1024 * 1024));
    throw new SandboxError(
      'ResourceExhausted',
      `The module needs ${needed} MiB of memory from the start and may have ${given}: give it more`,
    );
  }
  return [flags | limitFlag.maximum, ...leb(least), ...leb(Math.min(most, maxPages))];
}

/** The imports, with the ceiling for the memories among them. */
function limitImports(content: Uint8Array, maxPages: number): { count: number; section: readonly number[] } {
  const reader = new Reader(content);
  const imports = reader.u32();
  const section = leb(imports);
  let count = 0;
  for (let left = imports; left > 0; left -= 1) {
    const start = reader.offset;
    for (let name = 0; name < 2; name += 1) reader.bytes(reader.u32());
    const kind = reader.u8();
    if (kind === importKind.memory) {
      section.push(...content.subarray(start, reader.offset), ...limitsOf(reader, maxPages));
      count += 1;
      continue;
    }
    if (kind === importKind.function) reader.u32();
    else if (kind === importKind.global) reader.bytes(2);
    else throw invalid('it imports something of an unusual kind');
    section.push(...content.subarray(start, reader.offset));
  }
  return { count, section };
}

function limitTables(content: Uint8Array): readonly number[] {
  const reader = new Reader(content);
  const count = reader.u32();
  const section = leb(count);
  for (let table = 0; table < count; table += 1) {
    const reference = reader.u8();
    const flags = reader.u8();
    if (!plainReferences.has(reference) || flags > 1) throw invalid('it has a table of an unusual kind');
    const least = reader.u32();
    const most = flags === 1 ? reader.u32() : maxTableEntries;
    if (least > maxTableEntries) throw invalid(`it has a table of more than ${maxTableEntries} entries`);
    section.push(reference, 1, ...leb(least), ...leb(Math.min(most, maxTableEntries)));
  }
  return section;
}

function checkTypes(content: Uint8Array): void {
  const reader = new Reader(content);
  for (let left = reader.u32(); left > 0; left -= 1) {
    if (reader.u8() !== functionType) throw invalid('it has types other than functions');
    for (const values of [reader.bytes(reader.u32()), reader.bytes(reader.u32())]) {
      if (!values.every((type) => plainTypes.has(type))) throw invalid('it has values of an unusual type');
    }
  }
}

function framed(id: number, content: readonly number[]): Uint8Array[] {
  return [Uint8Array.of(id, ...leb(content.length)), Uint8Array.from(content)];
}

/** Unsigned LEB128 (core specification, 5.2.2). */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

class Reader {
  readonly #bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  get atEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  u8(): number {
    const byte = this.#bytes[this.offset];
    if (byte === undefined) throw cutOff();
    this.offset += 1;
    return byte;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw invalid('it has a number that is too long');
  }

  bytes(count: number): Uint8Array {
    const start = this.offset;
    if (count > this.#bytes.length - start) throw cutOff();
    this.offset += count;
    return this.#bytes.subarray(start, this.offset);
  }
}

function cutOff(): SandboxError {
  return invalid('it is cut off');
}

function invalid(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a module that can be run: ${what}`);
}
