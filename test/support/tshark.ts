import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A capture file with Ethernet frames (libpcap's classic format, little-endian, link type 1), a second apart. */
export function pcap(frames: readonly Uint8Array[]): Uint8Array {
  const parts = [Buffer.alloc(24)];
  parts[0]?.writeUInt32LE(0xa1b2c3d4, 0);
  parts[0]?.writeUInt16LE(2, 4);
  parts[0]?.writeUInt16LE(4, 6);
  parts[0]?.writeUInt32LE(262_144, 16);
  parts[0]?.writeUInt32LE(1, 20);
  for (const [index, frame] of frames.entries()) {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(index, 4);
    head.writeUInt32LE(frame.length, 8);
    head.writeUInt32LE(frame.length, 12);
    parts.push(head, Buffer.from(frame));
  }
  return Buffer.concat(parts);
}

export interface TsharkQuestion {
  readonly tshark: string;
  /** Written over. */
  readonly file: string;
  readonly frames: readonly Uint8Array[];
  /** A display filter. */
  readonly filter: string;
  readonly fields: readonly string[];
}

/** One line for each frame that the filter lets through: its fields, with tabs between. */
export async function askTshark({ tshark, file, frames, filter, fields }: TsharkQuestion): Promise<string[]> {
  await writeFile(file, pcap(frames));
  const checked = ['ip', 'udp', 'tcp'].map((protocol) => `${protocol}.check_checksum:TRUE`);
  const options = [...checked, 'tcp.desegment_tcp_streams:FALSE'].flatMap((option) => ['-o', option]);
  const args = ['-r', file, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const { stdout } = await promisify(execFile)(tshark, [...options, ...args]);
  return stdout.split('\n').filter(Boolean);
}
