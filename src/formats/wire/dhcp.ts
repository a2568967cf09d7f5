import type { MacAddress } from '../../api/network';
import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { parseIpAddress, serializeIpAddress } from '../ip-address';
import { parseMacAddress, serializeMacAddress } from '../mac-address';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

/** What DHCP speaks to (RFC 2131, 4.1): whatever is sent to clients is a server's, from whichever port. */
export const dhcpPorts = { client: 68, server: 67 } as const;

/** What every client must be able to take (RFC 2131, 2): 548 bytes of message in a packet of 576. */
export const minimalDhcpBytes = 548;

/** Relays and old clients drop what is shorter (RFC 1542, 2.1). */
const shortestBytes = 300;

const magicCookie = 0x63825363;
const hardwareEthernet = 1;
const nameBytes = 64;
const fileBytes = 128;

const code = { pad: 0, overload: 52, end: 255 } as const;
/** Values of option 52 (RFC 2132, 9.3): which fields have options in them. */
const overloadFile = 1;
const overloadName = 2;
const overloadBytes = 3;

/** Options by their code, in the order in which they stand; each as RFC 3396 puts its parts together. */
export type DhcpOptions = ReadonlyMap<number, Uint8Array<ArrayBuffer>>;

/** A DHCP message (RFC 2131, 2) for Ethernet. Addresses that are not set are 0.0.0.0. */
export interface DhcpMessage {
  readonly op: 'request' | 'reply';
  readonly hops: number;
  readonly transactionId: number;
  readonly seconds: number;
  /** The client cannot take a unicast yet. */
  readonly broadcast: boolean;
  /** `ciaddr`: the address that the client has. */
  readonly clientAddress: string;
  /** `yiaddr`: the address that it gets. */
  readonly yourAddress: string;
  /** `siaddr`: of the server that it boots from. */
  readonly serverAddress: string;
  /** `giaddr`: of the relay. */
  readonly relayAddress: string;
  /** `chaddr`. */
  readonly clientMac: MacAddress;
  /** `sname` and `file`, ISO 8859-1; empty when there are options in them. */
  readonly serverName: string;
  readonly bootFile: string;
  readonly options: DhcpOptions;
}

/** `InvalidArgument` for what is none, or is not for Ethernet. */
export function parseDhcp(bytes: Uint8Array): DhcpMessage {
  const reader = new PacketReader(bytes, 'a DHCP message');
  const op = reader.u8();
  if (op !== 1 && op !== 2) reader.fail(`its operation is ${op}`);
  const [hardware, addressLength] = [reader.u8(), reader.u8()];
  if (hardware !== hardwareEthernet || addressLength !== 6) reader.fail('it is not for Ethernet');
  const address = (): string => serializeIpAddress(reader.bytes(4));
  const head = {
    op: op === 1 ? 'request' : 'reply',
    hops: reader.u8(),
    transactionId: reader.u32(),
    seconds: reader.u16(),
    broadcast: (reader.u16() & 0x8000) !== 0,
    clientAddress: address(),
    yourAddress: address(),
    serverAddress: address(),
    relayAddress: address(),
    clientMac: serializeMacAddress(reader.bytes(16).subarray(0, 6)),
  } as const;
  const name = reader.bytes(nameBytes);
  const file = reader.bytes(fileBytes);
  if (reader.u32() !== magicCookie) reader.fail('it has no options');
  const fields = new Map<number, Uint8Array[]>();
  readOptions(reader.rest(), fields);
  const overload = fields.get(code.overload)?.[0]?.[0] ?? 0;
  fields.delete(code.overload);
  // In this order (RFC 3396, 5).
  if (overload & overloadFile) readOptions(file, fields);
  if (overload & overloadName) readOptions(name, fields);
  fields.delete(code.overload);
  return {
    ...head,
    serverName: overload & overloadName ? '' : readText(name),
    bootFile: overload & overloadFile ? '' : readText(file),
    options: new Map([...fields].map(([option, parts]) => [option, concatBytes(parts)])),
  };
}

/**
 * At most `maxBytes` long: what does not fit behind the cookie is put into the fields for file and name, if those
 * are not used. `InvalidArgument` when it does not fit even so.
 */
export function serializeDhcp(message: DhcpMessage, maxBytes = minimalDhcpBytes): Uint8Array<ArrayBuffer> {
  const writer = new PacketWriter()
    .u8(message.op === 'request' ? 1 : 2)
    .u8(hardwareEthernet)
    .u8(6)
    .u8(message.hops)
    .u32(message.transactionId)
    .u16(message.seconds)
    .u16(message.broadcast ? 0x8000 : 0);
  for (const address of [message.clientAddress, message.yourAddress, message.serverAddress, message.relayAddress]) {
    writer.bytes(parseIpAddress(address));
  }
  writer.bytes(parseMacAddress(message.clientMac)).zeros(10);
  const { main, file, name } = placeOptions(message, maxBytes - writer.length - nameBytes - fileBytes - 4);
  writer.bytes(name ?? textField(message.serverName, nameBytes)).bytes(file ?? textField(message.bootFile, fileBytes));
  writer.u32(magicCookie).bytes(main);
  return writer.zeros(Math.max(0, shortestBytes - writer.length)).finish();
}

function readOptions(bytes: Uint8Array, into: Map<number, Uint8Array[]>): void {
  const reader = new PacketReader(bytes, 'a DHCP message');
  while (reader.left > 0) {
    const option = reader.u8();
    if (option === code.end) return;
    if (option === code.pad) continue;
    const part = reader.bytes(reader.u8());
    const parts = into.get(option);
    if (parts) parts.push(part);
    else into.set(option, [part]);
  }
}

/** A part of an option, no longer than its length field can tell. */
interface OptionPart {
  readonly option: number;
  readonly bytes: Uint8Array;
}

interface PlacedOptions {
  readonly main: Uint8Array<ArrayBuffer>;
  readonly file?: Uint8Array<ArrayBuffer>;
  readonly name?: Uint8Array<ArrayBuffer>;
}

function placeOptions({ options, bootFile, serverName }: DhcpMessage, room: number): PlacedOptions {
  const parts = [...options].flatMap(([option, bytes]) => cutOption(option, bytes));
  const whole = fill(parts, room);
  if (whole.rest.length === 0) return { main: whole.bytes };
  const main = fill(parts, room - overloadBytes);
  const file = bootFile === '' ? fill(main.rest, fileBytes) : undefined;
  const left = file?.rest ?? main.rest;
  const name = serverName === '' && left.length > 0 ? fill(left, nameBytes) : undefined;
  if ((name?.rest ?? left).length > 0) {
    throw new SandboxError('InvalidArgument', 'The options do not fit a DHCP message of the size that is allowed');
  }
  const fields = (file ? overloadFile : 0) | (name ? overloadName : 0);
  return {
    main: concatBytes([Uint8Array.of(code.overload, 1, fields), main.bytes]),
    ...(file && { file: padded(file.bytes, fileBytes) }),
    ...(name && { name: padded(name.bytes, nameBytes) }),
  };
}

/** Options longer than 255 bytes stand there in parts (RFC 3396, 5). */
function cutOption(option: number, bytes: Uint8Array): OptionPart[] {
  if (option <= code.pad || option >= code.end || option === code.overload) {
    throw new SandboxError('InvalidArgument', `Option ${option} cannot be set in a DHCP message`);
  }
  const parts: OptionPart[] = [{ option, bytes: bytes.subarray(0, 255) }];
  for (let at = 255; at < bytes.length; at += 255) parts.push({ option, bytes: bytes.subarray(at, at + 255) });
  return parts;
}

/** As many parts as fit with an end mark behind them, in their order (RFC 3396, 5), and those that do not. */
function fill(parts: readonly OptionPart[], room: number): { bytes: Uint8Array<ArrayBuffer>; rest: OptionPart[] } {
  const writer = new PacketWriter();
  let taken = 0;
  for (const { option, bytes } of parts) {
    if (writer.length + 2 + bytes.length + 1 > room) break;
    writer.u8(option).u8(bytes.length).bytes(bytes);
    taken += 1;
  }
  return { bytes: writer.u8(code.end).finish(), rest: parts.slice(taken) };
}

function padded(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const field = new Uint8Array(length);
  field.set(bytes);
  return field;
}

/** ISO 8859-1 up to the first zero. */
function readText(field: Uint8Array): string {
  const end = field.indexOf(0);
  return String.fromCharCode(...field.subarray(0, end < 0 ? field.length : end));
}

function textField(text: string, length: number): Uint8Array<ArrayBuffer> {
  if (text.length > length || [...text].some((each) => each === '\0' || each > '\xff')) {
    throw new SandboxError(
      'InvalidArgument',
      `Not ${length} bytes of ISO 8859-1: ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return padded(
    Uint8Array.from(text, (each) => each.charCodeAt(0)),
    length,
  );
}
