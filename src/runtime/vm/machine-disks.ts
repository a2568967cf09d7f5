import type { Clock } from '../../base/clock';
import { parseError, SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { LastingBlockClient } from '../../rpc/lasting-block-client';
import type { MachineDisk } from './devices/machine-disk';
import type { DiskConnection, MovedDisk, RenewedDisk } from './vm-protocol';

interface Disk {
  readonly id: string;
  readonly sizeBytes: number;
  readonly client: LastingBlockClient;
  /** Names the opening that the client's port belongs to. */
  mark: string;
}

/** A machine's ways to its disks, each plugged into its device. */
export class MachineDisks implements Disposable {
  readonly #devices: readonly MachineDisk[];
  readonly #clock: Clock;
  #disks: readonly Disk[] = [];
  /** What had not been flushed when the machine was given away. */
  #given: readonly MovedDisk[] = [];

  constructor(devices: readonly MachineDisk[], clock: Clock) {
    this.#devices = devices;
    this.#clock = clock;
  }

  get marks(): readonly string[] {
    return this.#disks.map(({ mark }) => mark);
  }

  /** Disks as they were opened; what had not been flushed is written once more. */
  connect(disks: readonly DiskConnection[]): void {
    this.#plug(
      disks.map((disk, index) => ({ ...disk, unflushed: this.#given[index]?.unflushed ?? [] })),
      true,
    );
    this.#given = [];
  }

  /** Disks as another worker has handed them over. */
  adopt(disks: readonly MovedDisk[]): void {
    this.#plug(disks, false);
  }

  /** The store was started again: goes on with the disk as it was opened anew, or without it. */
  renew(index: number, renewed: RenewedDisk): void {
    const disk = this.#disks[index];
    if (!disk) return;
    if ('failed' in renewed) {
      disk.client.fail(parseError(renewed.failed));
      return;
    }
    disk.mark = renewed.mark;
    disk.client.renew(renewed.port);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#disks.map(({ client }) => client.settled()));
  }

  async quiet(): Promise<void> {
    await Promise.all(this.#disks.map(({ client }) => client.quiet()));
  }

  markDurable(): void {
    for (const { client } of this.#disks) client.markDurable();
  }

  /** Throws `Unavailable` unless all of them can be handed over at once. */
  assertQuiet(): void {
    if (this.#disks.every(({ client }) => client.isQuiet)) return;
    throw new SandboxError('Unavailable', 'The store ended while the machine was to move; try again in a moment');
  }

  handOver(): readonly MovedDisk[] {
    this.#given = this.#disks.map(({ id, sizeBytes, mark, client }, index) => {
      this.#devices[index]?.detach();
      return { id, sizeBytes, mark, ...client.handOver() };
    });
    this.#disks = [];
    return this.#given;
  }

  dispose(): void {
    for (const { client } of this.#disks) client.dispose();
  }

  /** With `again` what had not been flushed is written once more. */
  #plug(disks: readonly MovedDisk[], again: boolean): void {
    this.#disks = disks.map(({ id, sizeBytes, mark, ...state }, index) => {
      const client = new LastingBlockClient(state, { clock: this.#clock }, again);
      this.#devices[index]?.attach({ client, sizeBytes, id });
      return { id, sizeBytes, mark, client };
    });
  }
}
