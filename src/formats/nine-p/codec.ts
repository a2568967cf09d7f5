import { fileError } from '../linux-errno';
import type { Layout } from './fields';
import { MessageReader } from './message-reader';
import { MessageWriter } from './message-writer';
import {
  type Reply,
  type ReplyType,
  type Request,
  type RequestType,
  replyLayouts,
  requestLayouts,
  requestNumbers,
} from './messages';

/** size[4] type[1] tag[2], before the fields of every message. */
export const headerBytes = 7;

/** What a message of data has before them: the header and their count. */
export const dataHeaderBytes = headerBytes + 4;

export interface Tagged<Message> {
  readonly tag: number;
  readonly message: Message;
}

interface Header {
  readonly size: number;
  readonly number: number;
  readonly tag: number;
}

/** Undefined when there are not even those bytes: nobody can be answered then. */
export function parseHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  return { size: view.getUint32(0, true), number: view.getUint8(4), tag: view.getUint16(5, true) };
}

const requestTypes = new Map(
  (Object.keys(requestLayouts) as RequestType[]).map((type) => [requestNumbers[type], type]),
);
const replyTypes = new Map((Object.keys(replyLayouts) as ReplyType[]).map((type) => [requestNumbers[type] + 1, type]));

/**
 * A request as a client sent it; bytes and data in it are views. Errors have the number to answer with: `EOPNOTSUPP`
 * for a message that nobody knows, `EOVERFLOW` for a number beyond 2^53, `EPROTO` for everything else.
 */
export function parseRequest(bytes: Uint8Array): Tagged<Request> {
  return parse(bytes, requestTypes, requestLayouts) as Tagged<Request>;
}

/** As {@link parseRequest}. */
export function parseReply(bytes: Uint8Array): Tagged<Reply> {
  return parse(bytes, replyTypes, replyLayouts) as Tagged<Reply>;
}

export function serializeRequest({ tag, message }: Tagged<Request>): Uint8Array<ArrayBuffer> {
  const writer = new MessageWriter();
  writeFields(writer, requestLayouts[message.type], message);
  return writer.finish(requestNumbers[message.type], tag);
}

export function serializeReply({ tag, message }: Tagged<Reply>): Uint8Array<ArrayBuffer> {
  const writer = new MessageWriter();
  writeFields(writer, replyLayouts[message.type], message);
  return writer.finish(requestNumbers[message.type] + 1, tag);
}

/** The beginning of a reply with that many bytes of data, which follow as they are. */
export function serializeDataHeader(type: 'read' | 'readdir', tag: number, count: number): Uint8Array<ArrayBuffer> {
  const writer = new MessageWriter();
  writer.u32(count);
  return writer.finish(requestNumbers[type] + 1, tag, count);
}

function parse<Type extends string>(
  bytes: Uint8Array,
  types: ReadonlyMap<number, Type>,
  layouts: Readonly<Record<Type, Layout>>,
): Tagged<unknown> {
  const reader = new MessageReader(bytes, headerBytes);
  const header = parseHeader(bytes);
  if (!header) return reader.fail('it has no header');
  if (header.size !== bytes.length) reader.fail(`it should have ${header.size} bytes and has ${bytes.length}`);
  const type = types.get(header.number);
  if (!type) throw fileError('EOPNOTSUPP', `No such 9P message: ${header.number}`);
  const message: Record<string, unknown> = { type };
  for (const [name, field] of Object.entries(layouts[type])) {
    message[name] = field.read(reader);
  }
  reader.end();
  return { tag: header.tag, message };
}

function writeFields(writer: MessageWriter, layout: Layout, message: object): void {
  const values = message as Readonly<Record<string, unknown>>;
  for (const [name, field] of Object.entries(layout)) field.write(writer, values[name]);
}
