import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { type MovedSlabPort, SlabPort } from '../../rpc/slab-port';
import type { Nic } from './devices/nic';
import type { NicConnection } from './vm-protocol';

/** A machine's ways to its networks, each plugged into its NIC. */
export class MachineNics implements Disposable {
  readonly #nics: readonly Nic[];
  /** In the order of the NICs; undefined for one that leads nowhere. */
  #ports: (SlabPort | undefined)[] = [];

  constructor(nics: readonly Nic[]) {
    this.#nics = nics;
  }

  /** The NICs stay down. */
  connect(connections: readonly NicConnection[]): void {
    this.#ports = this.#nics.map((nic, index) => {
      const connection = connections[index];
      if (!connection) return undefined;
      const port = new SlabPort(connection.port);
      nic.attach(port);
      return port;
    });
  }

  /** Ports as another worker has handed them over. */
  adopt(ports: readonly (MovedSlabPort | undefined)[]): void {
    this.#ports = this.#nics.map((nic, index) => {
      const moved = ports[index];
      if (!moved) return undefined;
      const port = SlabPort.resume(moved);
      // First of all up: the other end must not take it for a moment's absence.
      nic.up = true;
      nic.attach(port);
      return port;
    });
  }

  /** The port a NIC had led nowhere any more. It is up at once if it was. */
  renew(index: number, port: MessagePort): void {
    const nic = this.#nics[index];
    if (!nic) return;
    this.#ports[index]?.dispose();
    const renewed = new SlabPort(port);
    this.#ports[index] = renewed;
    nic.attach(renewed);
  }

  /** A NIC that led nowhere; the guest takes its frames as soon as it has it up. */
  plug(index: number, port: MessagePort): void {
    const nic = this.#nics[index];
    if (!nic) throw new SandboxError('InvalidArgument', `The machine has no NIC ${index}`);
    this.renew(index, port);
    nic.up = true;
  }

  linkUp(): void {
    for (const [index, nic] of this.#nics.entries()) if (this.#ports[index]) nic.up = true;
  }

  hold(): void {
    for (const port of this.#ports) port?.hold();
  }

  release(): void {
    for (const port of this.#ports) port?.release();
  }

  /** To be transferred in this very turn of the event loop. */
  handOver(): readonly (MovedSlabPort | undefined)[] {
    const moved = this.#ports.map((port) => port?.handOver());
    this.#ports = [];
    return moved;
  }

  dispose(): void {
    for (const port of this.#ports) port?.dispose();
  }
}
