import { transferablesOfSlabPort } from '../../rpc/slab-port';
import { transferablesOf } from './agent-session-state';
import type { MemoryLayer } from './memory-image';
import type { MachinePorts, NicConnection } from './vm-protocol';

/** What must be in the transfer list of the message that carries the ports. */
export function transferablesOfMachine({ console, nics, disks, programs }: MachinePorts): Transferable[] {
  return [
    console.port,
    ...nics.flatMap((nic) => (nic ? transferablesOfSlabPort(nic) : [])),
    // What is not flushed is copied: the worker it comes from may have to go on with it.
    ...disks.flatMap(({ port }) => (port ? [port] : [])),
    ...transferablesOf(programs),
  ];
}

export function portsOf(connections: readonly Pick<NicConnection, 'port'>[]): MessagePort[] {
  return connections.map(({ port }) => port);
}

/** The buffers of a copied memory, for a transfer list. */
export function buffersOf(pieces: readonly MemoryLayer[]): ArrayBuffer[] {
  return pieces.flatMap(({ changed, packed }) => [changed.buffer as ArrayBuffer, packed.buffer as ArrayBuffer]);
}
