import type { MessageReader } from './message-reader';
import type { MessageWriter } from './message-writer';

/** How a part of a message is read and written. */
export interface Field<T> {
  read(reader: MessageReader): T;
  write(writer: MessageWriter, value: T): void;
}

/** The fields of a message, in the order in which they are sent. */
export type Layout = Readonly<Record<string, Field<unknown>>>;

/** What a message of that layout has. */
export type FieldsOf<L> = { readonly [Name in keyof L]: L[Name] extends Field<infer T> ? T : never };

/** What the server calls a file by: its type's high bits, a version for caches, and a number of its own. */
export interface Qid {
  readonly type: number;
  readonly version: number;
  readonly path: number;
}

/** Seconds and nanoseconds since the epoch. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Names of one walk at most (MAXWELEM). */
export const maxWalkNames = 16;

export const u8: Field<number> = { read: (reader) => reader.u8(), write: (writer, value) => writer.u8(value) };
export const u16: Field<number> = { read: (reader) => reader.u16(), write: (writer, value) => writer.u16(value) };
export const u32: Field<number> = { read: (reader) => reader.u32(), write: (writer, value) => writer.u32(value) };
export const u64: Field<number> = { read: (reader) => reader.u64(), write: (writer, value) => writer.u64(value) };
export const text: Field<string> = { read: (reader) => reader.text(), write: (writer, value) => writer.text(value) };

/** Bytes behind their count. When read, a view of the message. */
export const blob: Field<Uint8Array> = {
  read: (reader) => reader.bytes(reader.u32()),
  write(writer, value) {
    writer.u32(value.length);
    writer.bytes(value);
  },
};

export const qid: Field<Qid> = {
  read: (reader) => ({ type: reader.u8(), version: reader.u32(), path: reader.u64() }),
  write(writer, { type, version, path }) {
    writer.u8(type);
    writer.u32(version);
    writer.u64(path);
  },
};

/** Seconds may lie before the epoch. */
export const timestamp: Field<Timestamp> = {
  read: (reader) => ({ seconds: reader.i64(), nanoseconds: reader.u64() }),
  write(writer, { seconds, nanoseconds }) {
    writer.u64(seconds);
    writer.u64(nanoseconds);
  },
};

export const names: Field<readonly string[]> = listOf(text);
export const qids: Field<readonly Qid[]> = listOf(qid);

function listOf<T>(element: Field<T>): Field<readonly T[]> {
  return {
    read(reader) {
      const count = reader.u16();
      if (count > maxWalkNames) reader.fail(`a walk of ${count} names`);
      return Array.from({ length: count }, () => element.read(reader));
    },
    write(writer, values) {
      writer.u16(values.length);
      for (const value of values) element.write(writer, value);
    },
  };
}
