import type { FdbEntry } from '../api/network';
import { serializeMacAddress } from '../formats/mac-address';
import type { Link } from '../rpc/slab-port';
import { type NetworkOwners, removeOwners, setOwners } from './address-owners';
import { ForwardingDatabase } from './forwarding-database';
import type { FrameCounter } from './frame-counter';
import type { SwitchPort } from './switch-port';

/** A network as the switch keeps it. The addresses with owners belong to ports with port security and ARP guard. */
export interface SwitchNetwork extends NetworkOwners {
  readonly name: string;
  readonly ports: Set<SwitchPort>;
  readonly stations: ForwardingDatabase<SwitchPort>;
  /** Ports that can sleep, by their MAC and by their address. */
  readonly sleepers: { readonly byMac: Map<number, SwitchPort>; readonly byAddress: Map<number, SwitchPort> };
  /** Undefined while nobody asks for frames. */
  counter: FrameCounter | undefined;
  /** Ports that may speak as DHCP servers and routers of IPv6: none others may while there is one. */
  dhcpServers: number;
  /** Of ports that have gone, and of what is not counted at ports. */
  received: number;
  refused: number;
  copies: number;
  delivered: number;
  lost: number;
}

/**
 * What became of all frames of a network since it was made, ports that have gone included. Exact at any moment:
 * `received = refused + forwarded`, and `copies = delivered + lost + queued`, where a frame to everybody is as many
 * copies as there are other ports.
 */
export interface NetworkTotals {
  /** Frames that came in at any port. */
  readonly received: number;
  /** Frames dropped at the port they came from. */
  readonly refused: number;
  readonly forwarded: number;
  /** Frames that were joined to one (join-segments.ts) are one from here on. */
  readonly copies: number;
  readonly delivered: number;
  /** Copies dropped at the port they were for. */
  readonly lost: number;
  /** Copies that wait. */
  readonly queued: number;
}

export function createNetwork(name: string): SwitchNetwork {
  return {
    name,
    ports: new Set(),
    stations: new ForwardingDatabase(),
    macs: new Map(),
    addresses: new Map(),
    sleepers: { byMac: new Map(), byAddress: new Map() },
    counter: undefined,
    dhcpServers: 0,
    received: 0,
    refused: 0,
    copies: 0,
    delivered: 0,
    lost: 0,
  };
}

/** The port is on the network, down. */
export function enterPort(network: SwitchNetwork, port: SwitchPort): void {
  network.ports.add(port);
  setOwners(network, port.own, port);
  setSleeper(network, port, port);
  if (port.spec.dhcpServer) network.dhcpServers += 1;
}

/** The port is there no more; what it has counted stays. */
export function leavePort(network: SwitchNetwork, port: SwitchPort): void {
  setLink(network, port, { up: false, offload: false });
  network.ports.delete(port);
  removeOwners(network, port.own, port);
  setSleeper(network, port, undefined);
  if (port.spec.dhcpServer) network.dhcpServers -= 1;
  network.received += port.rxFrames;
  network.delivered += port.txFrames;
}

/** A port that goes down loses what waits for it, and the stations behind it are forgotten. */
export function setLink(network: SwitchNetwork, port: SwitchPort, { up, offload }: Pick<Link, 'up' | 'offload'>): void {
  port.up = up;
  port.offload = offload && port.spec.offload !== false;
  if (up) {
    if (port.sleep) port.sleep.phase = 'awake';
    // What waited for it to wake.
    port.drain();
    return;
  }
  network.lost += port.clear();
  network.stations.forgetPort(port);
}

/** Where the station is: known for good when it can sleep, else as it was learned. */
export function findStation({ sleepers, stations }: SwitchNetwork, mac: number, now: number): SwitchPort | undefined {
  return (sleepers.byMac.size > 0 ? sleepers.byMac.get(mac) : undefined) ?? stations.find(mac, now);
}

export function stationsOf({ name, stations }: SwitchNetwork, now: number): readonly FdbEntry[] {
  return stations.list(now).map(({ mac, port, ageMs }) => {
    return { network: name, mac: macText(mac), port: port.spec.id, ageMs };
  });
}

export function totalsOf(network: SwitchNetwork): NetworkTotals {
  const { refused, copies, lost } = network;
  const ports = [...network.ports];
  const sum = (value: (port: SwitchPort) => number): number => ports.reduce((total, port) => total + value(port), 0);
  const received = network.received + sum(({ rxFrames }) => rxFrames);
  return {
    received,
    refused,
    forwarded: received - refused,
    copies,
    delivered: network.delivered + sum(({ txFrames }) => txFrames),
    lost,
    queued: sum(({ queuedFrames }) => queuedFrames),
  };
}

function setSleeper({ sleepers }: SwitchNetwork, { mac, sleep }: SwitchPort, port: SwitchPort | undefined): void {
  if (mac === undefined || !sleep) return;
  if (port) sleepers.byMac.set(mac, port);
  else sleepers.byMac.delete(mac);
  if (port) sleepers.byAddress.set(sleep.address, port);
  else sleepers.byAddress.delete(sleep.address);
}

function macText(mac: number): string {
  const bytes = new Uint8Array(6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(mac / 2 ** 32));
  view.setUint32(2, mac % 2 ** 32);
  return serializeMacAddress(bytes);
}
