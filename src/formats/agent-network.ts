import { SandboxError } from '../base/errors';
import type { ByteReader } from './byte-reader';
import type { ByteWriter } from './byte-writer';
import { parseIpAddress, serializeIpAddress } from './ip-address';

/** An address on an interface, or the destination of a route: `10.0.0.2` with prefix 24. */
export interface IpPrefix {
  readonly address: string;
  /** Leading bits that name the network. */
  readonly prefix: number;
}

export interface RouteConfig {
  readonly destination: IpPrefix;
  /** Of the destination's family; absent when it is reached without one. */
  readonly gateway?: string;
  /** Lower is preferred; 0 leaves it to the kernel. */
  readonly metric?: number;
}

/** What an interface and the host's name are to be. What was there before is replaced. */
export interface NetworkConfig {
  /** Name ("eth0") or index; absent: the first Ethernet interface. */
  readonly interface?: string | number;
  /** Six bytes; absent: as it is. */
  readonly mac?: Uint8Array<ArrayBuffer>;
  /** Bytes of a packet; absent: as it is. */
  readonly mtu?: number;
  readonly up: boolean;
  readonly addresses: readonly IpPrefix[];
  readonly routes: readonly RouteConfig[];
  /** Absent: as it is. */
  readonly hostname?: string;
  /** Contents of /etc/resolv.conf and /etc/hosts; absent: as they are. */
  readonly resolvConf?: string;
  readonly hosts?: string;
}

const flags = { mac: 1, up: 2, resolvConf: 4, hosts: 8 } as const;
const noMac = new Uint8Array(6);
const noAddress = new Uint8Array(16);

export function writeNetwork(writer: ByteWriter, network: NetworkConfig): void {
  const { mac, mtu = 0, hostname = '', resolvConf, hosts } = network;
  if (mac && mac.length !== 6)
    throw new SandboxError('InvalidArgument', `A MAC address has 6 bytes, not ${mac.length}`);
  writer.u8(
    (mac ? flags.mac : 0) |
      (network.up ? flags.up : 0) |
      (resolvConf === undefined ? 0 : flags.resolvConf) |
      (hosts === undefined ? 0 : flags.hosts),
  );
  writer.u32(typeof network.interface === 'number' ? network.interface : 0);
  writer.text(typeof network.interface === 'string' ? network.interface : '');
  writer
    .bytes(mac ?? noMac)
    .u32(mtu)
    .text(hostname);
  writer.u16(network.addresses.length);
  for (const address of network.addresses) writePrefix(writer, address);
  writer.u16(network.routes.length);
  for (const route of network.routes) writeRoute(writer, route);
  writer.text(resolvConf ?? '').text(hosts ?? '');
}

export function readNetwork(reader: ByteReader): NetworkConfig {
  const set = reader.u8();
  const index = reader.u32();
  const name = reader.text();
  const mac = reader.bytes(6);
  const mtu = reader.u32();
  const hostname = reader.text();
  const addresses = Array.from({ length: reader.u16() }, () => readPrefix(reader));
  const routes = Array.from({ length: reader.u16() }, () => readRoute(reader));
  const resolvConf = reader.text();
  const hosts = reader.text();
  return {
    ...(name !== '' ? { interface: name } : index !== 0 ? { interface: index } : {}),
    ...(set & flags.mac ? { mac } : {}),
    ...(mtu === 0 ? {} : { mtu }),
    up: (set & flags.up) !== 0,
    addresses,
    routes,
    ...(hostname === '' ? {} : { hostname }),
    ...(set & flags.resolvConf ? { resolvConf } : {}),
    ...(set & flags.hosts ? { hosts } : {}),
  };
}

function writePrefix(writer: ByteWriter, { address, prefix }: IpPrefix): Uint8Array {
  const bytes = parseIpAddress(address);
  if (!(prefix >= 0 && prefix <= bytes.length * 8)) {
    throw new SandboxError('InvalidArgument', `A prefix of ${prefix} bits does not fit ${address}`);
  }
  writer
    .u8(bytes.length === 4 ? 4 : 6)
    .u8(prefix)
    .bytes(padded(bytes));
  return bytes;
}

function writeRoute(writer: ByteWriter, { destination, gateway, metric = 0 }: RouteConfig): void {
  const bytes = writePrefix(writer, destination);
  const via = gateway === undefined ? undefined : parseIpAddress(gateway);
  if (via && via.length !== bytes.length) {
    throw new SandboxError('InvalidArgument', `Gateway ${gateway} is of another family than ${destination.address}`);
  }
  writer
    .u8(via ? 1 : 0)
    .bytes(via ? padded(via) : noAddress)
    .u32(metric);
}

function readPrefix(reader: ByteReader): IpPrefix {
  const family = reader.u8();
  const prefix = reader.u8();
  if (family !== 4 && family !== 6) throw new SandboxError('DataLoss', `No address family ${family}`);
  const size = family === 4 ? 4 : 16;
  if (prefix > size * 8) throw new SandboxError('DataLoss', `No prefix of ${prefix} bits`);
  return { address: serializeIpAddress(reader.bytes(16).subarray(0, size)), prefix };
}

function readRoute(reader: ByteReader): RouteConfig {
  const destination = readPrefix(reader);
  const hasGateway = reader.u8() !== 0;
  const size = destination.address.includes(':') ? 16 : 4;
  const gateway = serializeIpAddress(reader.bytes(16).subarray(0, size));
  const metric = reader.u32();
  return { destination, ...(hasGateway ? { gateway } : {}), ...(metric === 0 ? {} : { metric }) };
}

function padded(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(16);
  all.set(bytes);
  return all;
}
