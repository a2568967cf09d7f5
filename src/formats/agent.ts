import type { TerminalSize } from '../api/instance';
import { SandboxError } from '../base/errors';
import { type AgentFrame, type FrameType, frameTypes, serializeFrame } from './agent-frame';
import { type NetworkConfig, readNetwork, writeNetwork } from './agent-network';
import { ByteReader } from './byte-reader';
import { ByteWriter } from './byte-writer';

/**
 * The messages between the host and the agent in a guest, each a frame of agent-frame.ts.
 * The other half is images/guest/agent; docs/AGENT.md tells the protocol whole.
 */
export const agentProtocolVersion = 1;

export const channels = { stdin: 0, stdout: 1, stderr: 2 } as const;
export type ChannelId = (typeof channels)[keyof typeof channels];

/** What becomes of the machine; the numbers go over the wire. */
export const powerKinds = ['power-off', 'reboot', 'halt'] as const;
export type PowerKind = (typeof powerKinds)[number];

export const nonceSize = 16;

/** Random bytes that one message can carry. */
export const maxEntropy = 512;

/** The program of an exec. */
export interface AgentProgram {
  readonly argv: readonly string[];
  /** `NAME=value`, in addition to PATH and HOME. */
  readonly env: readonly string[];
  /** Empty: root's home. */
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly terminal?: TerminalSize;
}

/** What a restored or cloned guest must learn before it may be on a network. */
export interface AgentIdentity {
  /** Microseconds since the epoch. */
  readonly micros: number;
  /** At most {@link maxEntropy} random bytes, and at least one. */
  readonly entropy: Uint8Array<ArrayBuffer>;
  readonly network: NetworkConfig;
}

export interface AgentHello {
  readonly version: number;
  /** {@link nonceSize} bytes, echoed by the agent; zeros when it has just started. */
  readonly nonce: Uint8Array<ArrayBuffer>;
  /** Bytes taken on a channel before more are granted. */
  readonly window: number;
  /** None are defined yet. */
  readonly features: number;
  /** The kernel's random name of this boot, a UUID. Empty from the host. */
  readonly bootId: string;
}

/** One message; `stream` is the program or the request it belongs to. */
export type AgentMessage =
  | ({ readonly kind: 'hello' } & AgentHello)
  | { readonly kind: 'goodbye'; readonly power: PowerKind }
  | { readonly kind: 'reply'; readonly stream: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'error'; readonly stream: number; readonly errno: number; readonly text: string }
  | { readonly kind: 'exec'; readonly stream: number; readonly program: AgentProgram }
  | {
      readonly kind: 'data';
      readonly stream: number;
      readonly channel: ChannelId;
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'end'; readonly stream: number; readonly channel: ChannelId }
  | { readonly kind: 'close'; readonly stream: number; readonly channel: ChannelId }
  | { readonly kind: 'credit'; readonly stream: number; readonly channel: ChannelId; readonly count: number }
  | { readonly kind: 'resize'; readonly stream: number; readonly size: TerminalSize }
  | { readonly kind: 'signal'; readonly stream: number; readonly signal: number }
  | {
      readonly kind: 'exit';
      readonly stream: number;
      readonly code: number;
      readonly signal: number;
      readonly errno: number;
    }
  | AgentRequest;

/** Messages that a reply or an error answers. */
export type AgentRequest =
  | { readonly kind: 'ping'; readonly stream: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'network'; readonly stream: number; readonly network: NetworkConfig }
  | { readonly kind: 'clock'; readonly stream: number; readonly micros: number }
  | { readonly kind: 'entropy'; readonly stream: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'identity'; readonly stream: number; readonly identity: AgentIdentity }
  | { readonly kind: 'stats'; readonly stream: number; readonly cgroup: string }
  | { readonly kind: 'consoleResize'; readonly stream: number; readonly size: TerminalSize }
  | { readonly kind: 'powerOff'; readonly stream: number; readonly power: PowerKind }
  | { readonly kind: 'trim'; readonly stream: number }
  | { readonly kind: 'scanDevices'; readonly stream: number };

/** The frame's bytes. `InvalidArgument` when something is too long for the protocol. */
export function serializeMessage(message: AgentMessage): Uint8Array<ArrayBuffer> {
  const channel = 'channel' in message ? message.channel : 0;
  const stream = 'stream' in message ? message.stream : 0;
  return serializeFrame({ type: frameTypes[message.kind], channel, stream, payload: serializePayload(message) });
}

/** The other half of {@link serializeMessage}. `DataLoss` for a payload that is none of its type's. */
export function parseMessage(frame: AgentFrame): AgentMessage {
  // By far the most bytes: not copied once more.
  if (frame.type === frameTypes.data) {
    return { kind: 'data', stream: frame.stream, channel: toChannel(frame.channel), bytes: frame.payload };
  }
  const reader = new ByteReader(frame.payload);
  const message = parsers[frame.type](reader, frame.stream, frame.channel);
  reader.end();
  return message;
}

function serializePayload(message: AgentMessage): Uint8Array<ArrayBuffer> {
  if ('bytes' in message) return message.bytes;
  const writer = new ByteWriter();
  writePayload(writer, message);
  return writer.finish();
}

function writePayload(writer: ByteWriter, message: Exclude<AgentMessage, { bytes: unknown }>): void {
  switch (message.kind) {
    case 'hello':
      writer.u32(message.version).bytes(message.nonce).u32(message.window).u32(message.features).text(message.bootId);
      break;
    case 'goodbye':
    case 'powerOff':
      writer.u8(powerKinds.indexOf(message.power));
      break;
    case 'error':
      writer.u32(message.errno).text(message.text);
      break;
    case 'exec':
      writeProgram(writer, message.program);
      break;
    case 'credit':
      writer.u32(message.count);
      break;
    case 'resize':
    case 'consoleResize':
      writeSize(writer, message.size);
      break;
    case 'signal':
      writer.u32(message.signal);
      break;
    case 'exit':
      writer.u8(message.code).u8(message.signal).u16(0).u32(message.errno);
      break;
    case 'network':
      writeNetwork(writer, message.network);
      break;
    case 'clock':
      writer.u64(BigInt(Math.trunc(message.micros)));
      break;
    case 'identity':
      writer.u64(BigInt(Math.trunc(message.identity.micros))).blob(message.identity.entropy);
      writeNetwork(writer, message.identity.network);
      break;
    case 'stats':
      writer.text(message.cgroup);
      break;
    case 'end':
    case 'close':
    case 'trim':
    case 'scanDevices':
      break;
  }
}

type Parser = (reader: ByteReader, stream: number, channel: number) => AgentMessage;

const parsers: Readonly<Record<Exclude<FrameType, typeof frameTypes.data>, Parser>> = {
  [frameTypes.hello]: (reader) => ({
    kind: 'hello',
    version: reader.u32(),
    nonce: reader.bytes(nonceSize),
    window: reader.u32(),
    features: reader.u32(),
    bootId: reader.text(),
  }),
  [frameTypes.goodbye]: (reader) => ({ kind: 'goodbye', power: readPower(reader) }),
  [frameTypes.reply]: (reader, stream) => ({ kind: 'reply', stream, bytes: reader.rest() }),
  [frameTypes.error]: (reader, stream) => ({ kind: 'error', stream, errno: reader.u32(), text: reader.text() }),
  [frameTypes.exec]: (reader, stream) => ({ kind: 'exec', stream, program: readProgram(reader) }),
  [frameTypes.end]: (_, stream, channel) => ({ kind: 'end', stream, channel: toChannel(channel) }),
  [frameTypes.close]: (_, stream, channel) => ({ kind: 'close', stream, channel: toChannel(channel) }),
  [frameTypes.credit]: (reader, stream, channel) => ({
    kind: 'credit',
    stream,
    channel: toChannel(channel),
    count: reader.u32(),
  }),
  [frameTypes.resize]: (reader, stream) => ({ kind: 'resize', stream, size: readSize(reader) }),
  [frameTypes.signal]: (reader, stream) => ({ kind: 'signal', stream, signal: reader.u32() }),
  [frameTypes.exit]: (reader, stream) => {
    const code = reader.u8();
    const signal = reader.u8();
    reader.u16();
    return { kind: 'exit', stream, code, signal, errno: reader.u32() };
  },
  [frameTypes.ping]: (reader, stream) => ({ kind: 'ping', stream, bytes: reader.rest() }),
  [frameTypes.network]: (reader, stream) => ({ kind: 'network', stream, network: readNetwork(reader) }),
  [frameTypes.clock]: (reader, stream) => ({ kind: 'clock', stream, micros: Number(reader.u64()) }),
  [frameTypes.entropy]: (reader, stream) => ({ kind: 'entropy', stream, bytes: reader.rest() }),
  [frameTypes.identity]: (reader, stream) => ({
    kind: 'identity',
    stream,
    identity: { micros: Number(reader.u64()), entropy: reader.blob(), network: readNetwork(reader) },
  }),
  [frameTypes.stats]: (reader, stream) => ({ kind: 'stats', stream, cgroup: reader.text() }),
  [frameTypes.consoleResize]: (reader, stream) => ({ kind: 'consoleResize', stream, size: readSize(reader) }),
  [frameTypes.powerOff]: (reader, stream) => ({ kind: 'powerOff', stream, power: readPower(reader) }),
  [frameTypes.trim]: (_, stream) => ({ kind: 'trim', stream }),
  [frameTypes.scanDevices]: (_, stream) => ({ kind: 'scanDevices', stream }),
};

const execTerminal = 1;

function writeProgram(writer: ByteWriter, program: AgentProgram): void {
  writer
    .u32(program.uid)
    .u32(program.gid)
    .u8(program.terminal ? execTerminal : 0)
    .u8(0);
  writeSize(writer, program.terminal ?? { columns: 0, rows: 0 });
  writer.text(program.cwd);
  writeTexts(writer, program.argv);
  writeTexts(writer, program.env);
}

function readProgram(reader: ByteReader): AgentProgram {
  const uid = reader.u32();
  const gid = reader.u32();
  const flags = reader.u8();
  reader.u8();
  const terminal = readSize(reader);
  const cwd = reader.text();
  const argv = readTexts(reader);
  const env = readTexts(reader);
  return { argv, env, cwd, uid, gid, ...(flags & execTerminal ? { terminal } : {}) };
}

function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  if (texts.length > 0xffff) throw new SandboxError('InvalidArgument', `${texts.length} strings are too many`);
  writer.u16(texts.length);
  for (const text of texts) writer.text(text);
}

function readTexts(reader: ByteReader): string[] {
  const texts: string[] = [];
  for (let left = reader.u16(); left > 0; left -= 1) texts.push(reader.text());
  return texts;
}

function writeSize(writer: ByteWriter, { columns, rows }: TerminalSize): void {
  writer.u16(columns).u16(rows);
}

function readSize(reader: ByteReader): TerminalSize {
  return { columns: reader.u16(), rows: reader.u16() };
}

function readPower(reader: ByteReader): PowerKind {
  const power = powerKinds[reader.u8()];
  if (power === undefined) throw new SandboxError('DataLoss', 'No such kind of power-off');
  return power;
}

function toChannel(channel: number): ChannelId {
  if (channel !== 0 && channel !== 1 && channel !== 2) throw new SandboxError('DataLoss', `No channel ${channel}`);
  return channel;
}
