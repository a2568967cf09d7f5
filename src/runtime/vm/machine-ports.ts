import { transferablesOfSlabPort } from '../../rpc/slab-port';
import { transferablesOf } from './agent-session-state';
import type { MemoryLayer } from './memory-image';
import type { Connections, MachinePorts, MovedShare, ShareConnection } from './vm-protocol';

/** What must be in the transfer list of the message that carries the ports. */
export function transferablesOfMachine({ console, nics, disks, shares, programs }: MachinePorts): Transferable[] {
  return [
    console.port,
    ...nics.flatMap((nic) => (nic ? transferablesOfSlabPort(nic) : [])),
    // What is not flushed is copied: the worker it comes from may have to go on with it.
    ...disks.flatMap(({ port }) => (port ? [port] : [])),
    ...shares.flatMap(portsOfShare),
    ...transferablesOf(programs),
  ];
}

function portsOfShare(share: MovedShare): MessagePort[] {
  const layers = share.kind === 'layer-store' ? (share.shelf.layers ?? []).map(({ state }) => state) : share.ports;
  const all = share.kind === 'layer-store' ? [share.shelf, ...layers] : layers;
  return all.flatMap(({ port }) => (port ? [port] : []));
}

/** A share as it begins. */
export function toMovedShare({ tag, kind, ports }: ShareConnection): MovedShare {
  if (kind !== 'layer-store') return { tag, kind, ports: ports.map((port) => ({ port })) };
  const [port] = ports;
  return { tag, kind, shelf: port ? { port } : {} };
}

/** The ports of what a machine is connected to, for a transfer list. */
export function portsOf({ nics, disks, shares }: Omit<Connections, 'console'>): MessagePort[] {
  return [...[...nics, ...disks].map(({ port }) => port), ...shares.flatMap(({ ports }) => ports)];
}

/** The buffers of a copied memory, for a transfer list. */
export function buffersOf(pieces: readonly MemoryLayer[]): ArrayBuffer[] {
  return pieces.flatMap(({ changed, packed }) => [changed.buffer as ArrayBuffer, packed.buffer as ArrayBuffer]);
}
