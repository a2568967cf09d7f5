import type { Digest } from '../../api/content-store';
import type {
  DiskAttachment,
  InstanceResources,
  ReopenedDisk,
  ReopenedShare,
  ShareAttachment,
} from '../../api/instance';
import type { NicAttachment } from '../../api/network';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError, serializeError } from '../../base/errors';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle';
import { parseMacAddress } from '../../formats/mac-address';
import { transfer } from '../../rpc/control';
import type { SupervisedWorker } from '../supervisor';
import { MachineUse } from './machine-use';
import type { DiskConnection, NicConnection, ShareConnection, VmService } from './vm-protocol';

export type VmWorkerHandle = SupervisedWorker<VmService>;

/** What a machine that runs was made from. */
export interface MachineOrigin {
  readonly kernel: Digest;
  readonly initrd?: Digest;
  /** The layers it was restored from, oldest first; none after a cold boot. */
  readonly layers: readonly Digest[];
}

/** The ports of a machine's NICs, disks and shares, to be transferred to its worker. */
export interface Surroundings {
  readonly nics: readonly NicConnection[];
  readonly disks: readonly DiskConnection[];
  readonly shares: readonly ShareConnection[];
}

/**
 * One run of a machine, from the moment it gets a worker to its end, however it ends: the worker (another one
 * after a migration) and what was attached for it.
 */
export class VmRun {
  readonly #resources: InstanceResources | undefined;
  readonly #gone = new AbortController();
  #streams = new AbortController();
  #attached = new DisposableStore();
  #giving: Deferred<void> | undefined;
  #worker: VmWorkerHandle;
  /** The worker that the machine is moving to. */
  incoming: VmWorkerHandle | undefined;
  origin: MachineOrigin | undefined;
  readonly use = new MachineUse();
  /** Resolves when the machine has started, or ended. */
  readonly launched = createDeferred<void>();

  constructor(worker: VmWorkerHandle, resources: InstanceResources | undefined) {
    this.#worker = worker;
    this.#resources = resources;
  }

  get worker(): VmWorkerHandle {
    return this.#worker;
  }

  /** Fires with the reason when the machine has ended. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Fires with the reason when programs that were started so far have lost their streams. */
  get streams(): AbortSignal {
    return this.#streams.signal;
  }

  /**
   * Puts the machine on its networks, ports down, and opens its disks; in the place of what it had. `renew` is
   * called when a NIC's port has led nowhere since, with a new one.
   */
  async attach(renew: (nic: number, port: MessagePort) => void): Promise<Surroundings> {
    this.#detach();
    if (!this.#resources) return { nics: [], disks: [], shares: [] };
    const nics = await this.#resources.attachNics();
    const attached = this.#attached;
    for (const [index, nic] of nics.entries()) {
      attached.add(toDisposable(() => nic.detach()));
      attached.add(nic.renewed((port) => renew(index, port)));
    }
    try {
      this.assertAlive();
      const disks = await this.#attachDisks(this.#resources, attached);
      const shares = await this.#attachShares(this.#resources, attached);
      return { nics: nics.map(toConnection), disks, shares };
    } catch (error) {
      this.#detach();
      throw error;
    }
  }

  /** Throws the reason once the machine has ended. */
  assertAlive(): void {
    if (this.#gone.signal.aborted) throw this.#gone.signal.reason;
  }

  /** While this waits to be called off, the machine is given away: nothing can be told to it. */
  giveAway(): Disposable {
    const giving = createDeferred<void>();
    this.#giving = giving;
    return toDisposable(() => {
      this.#giving = undefined;
      giving.resolve();
    });
  }

  /** The machine runs in that worker now; the one it had is ended. */
  moveTo(worker: VmWorkerHandle): void {
    const before = this.#worker;
    this.#worker = worker;
    this.incoming = undefined;
    before.terminate(new SandboxError('Unavailable', 'The machine has moved to another worker'));
  }

  /** The streams of programs were lost, while the machine goes on. */
  loseStreams(reason: SandboxError): void {
    const lost = this.#streams;
    this.#streams = new AbortController();
    lost.abort(reason);
  }

  end(reason: SandboxError): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort(reason);
    this.#streams.abort(reason);
    this.launched.resolve();
    this.#detach();
    this.incoming?.terminate(reason);
    this.#worker.terminate(reason);
  }

  async #attachDisks(resources: InstanceResources, attached: DisposableStore): Promise<readonly DiskConnection[]> {
    const disks = await resources.openDisks();
    for (const [index, disk] of disks.entries()) {
      attached.add(toDisposable(() => disk.detach()));
      // A machine that ends meanwhile needs no disk any more.
      attached.add(disk.reopened((reopened) => void this.#renewDisk(attached, index, reopened).catch(() => {})));
    }
    if (this.#gone.signal.aborted) for (const { port } of disks) port.close();
    this.assertAlive();
    return disks.map(toDiskConnection);
  }

  async #attachShares(resources: InstanceResources, attached: DisposableStore): Promise<readonly ShareConnection[]> {
    const shares = (await resources.openShares?.()) ?? [];
    for (const [index, share] of shares.entries()) {
      attached.add(toDisposable(() => share.detach()));
      attached.add(share.reopened((reopened) => void this.#renewShare(attached, index, reopened).catch(() => {})));
    }
    if (this.#gone.signal.aborted) for (const { ports } of shares) for (const port of ports) port.close();
    this.assertAlive();
    return shares.map(toShareConnection);
  }

  async #renewShare(attached: DisposableStore, share: number, reopened: ReopenedShare): Promise<void> {
    await this.#listening();
    const { remote } = this.#worker;
    if ('error' in reopened) {
      if (!attached.disposed) await remote.renewShare(share, { failed: serializeError(reopened.error) });
      return;
    }
    const ports = [...reopened.ports];
    if (attached.disposed) for (const port of ports) port.close();
    else await remote.renewShare(share, transfer({ ports }, ports));
  }

  /** Resolves when the machine can be told something. */
  async #listening(): Promise<void> {
    await this.launched.promise;
    while (this.#giving) await this.#giving.promise;
  }

  async #renewDisk(attached: DisposableStore, disk: number, reopened: ReopenedDisk): Promise<void> {
    await this.#listening();
    const { remote } = this.#worker;
    if ('error' in reopened) {
      if (!attached.disposed) await remote.renewDisk(disk, { failed: serializeError(reopened.error) });
      return;
    }
    const { port } = reopened;
    // Attached anew meanwhile, and by that opened once more.
    if (attached.disposed) port.close();
    else await remote.renewDisk(disk, transfer({ ...reopened }, [port]));
  }

  #detach(): void {
    this.#attached.dispose();
    this.#attached = new DisposableStore();
  }
}

function toConnection({ mac, address, prefixLength, mtu, gateway, port }: NicAttachment): NicConnection {
  return { mac: parseMacAddress(mac), address, prefixLength, mtu, ...(gateway && { gateway }), port };
}

function toDiskConnection({ id, sizeBytes, port, mark }: DiskAttachment): DiskConnection {
  return { id, sizeBytes, port, mark };
}

function toShareConnection({ tag, kind, ports }: ShareAttachment): ShareConnection {
  return { tag, kind, ports };
}
