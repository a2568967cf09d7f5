import { SandboxError } from '../../base/errors';
import { PacketReader } from './packet-reader';
import { PacketWriter } from './packet-writer';

/** Values of `mode` (RFC 5905, 7.3). */
export const ntpMode = { client: 3, server: 4 } as const;

/** Bytes of the header; extensions and a message authentication code may follow. */
export const ntpBytes = 48;

/** Seconds from the beginning of NTP's era 0, 1900, to that of Unix (RFC 5905, figure 4). */
const unixEpoch = 2_208_988_800n;

/** An NTP message (RFC 5905, 7.3); timestamps are 32 bits of seconds and 32 of their fraction. */
export interface NtpMessage {
  /** 0 to 3; 3 says that the clock is not set. */
  readonly leap: number;
  /** 1 to 7. */
  readonly version: number;
  readonly mode: number;
  readonly stratum: number;
  /** Powers of two, in seconds. */
  readonly poll: number;
  readonly precision: number;
  /** 16 bits of seconds and 16 of their fraction. */
  readonly rootDelay: number;
  readonly rootDispersion: number;
  readonly referenceId: number;
  readonly referenceTime: bigint;
  readonly originTime: bigint;
  readonly receiveTime: bigint;
  readonly transmitTime: bigint;
}

/** `InvalidArgument` for what is too short. Extensions are ignored. */
export function parseNtp(bytes: Uint8Array): NtpMessage {
  const reader = new PacketReader(bytes, 'an NTP message');
  const first = reader.u8();
  return {
    leap: first >> 6,
    version: (first >> 3) & 7,
    mode: first & 7,
    stratum: reader.u8(),
    poll: toSigned(reader.u8()),
    precision: toSigned(reader.u8()),
    rootDelay: reader.u32(),
    rootDispersion: reader.u32(),
    referenceId: reader.u32(),
    referenceTime: reader.u64(),
    originTime: reader.u64(),
    receiveTime: reader.u64(),
    transmitTime: reader.u64(),
  };
}

export function serializeNtp(message: NtpMessage): Uint8Array<ArrayBuffer> {
  return new PacketWriter()
    .u8((message.leap << 6) | (message.version << 3) | message.mode)
    .u8(message.stratum)
    .u8(message.poll)
    .u8(message.precision)
    .u32(message.rootDelay)
    .u32(message.rootDispersion)
    .u32(message.referenceId)
    .u64(message.referenceTime)
    .u64(message.originTime)
    .u64(message.receiveTime)
    .u64(message.transmitTime)
    .finish();
}

/** Milliseconds since 1970 as an NTP timestamp, of whatever era it is in (RFC 5905, 6). */
export function toNtpTime(unixMs: number): bigint {
  if (!Number.isFinite(unixMs)) throw new SandboxError('InvalidArgument', `Not a time: ${unixMs}`);
  const micros = BigInt(Math.round(unixMs * 1000));
  return BigInt.asUintN(64, ((micros + unixEpoch * 1_000_000n) << 32n) / 1_000_000n);
}

/** The reverse, in the era that is nearest to `near` (milliseconds since 1970). */
export function fromNtpTime(time: bigint, near: number): number {
  const offset = BigInt.asIntN(64, time - toNtpTime(near));
  return near + Number((offset * 1_000_000n) >> 32n) / 1000;
}

function toSigned(byte: number): number {
  return byte > 127 ? byte - 256 : byte;
}
