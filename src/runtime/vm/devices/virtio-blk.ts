import { createDeferred, type Deferred } from '../../../base/deferred';
import { SandboxError } from '../../../base/errors';
import type { Disposable } from '../../../base/lifecycle';
import { blockRequestLimit } from '../../../rpc/block-port';
import {
  type BufferChain,
  type Cpu,
  createVirtIo,
  featureIndirect,
  featureVersion1,
  giveBack,
  type SavedDevice,
  saveWithMachine,
  type VirtIo,
  type VirtQueue,
} from '../v86-internals';
import type { DiskBacking, MachineDisk } from './machine-disk';
import type { DeviceSlot } from './slots';

/** Feature bits (virtio 1.2, 5.2.3). */
const feature = { sizeMax: 1, segMax: 2, flush: 9, topology: 10 } as const;

/** Requests and their outcomes (virtio 1.2, 5.2.6). */
const requestType = { read: 0, write: 1, flush: 4, getId: 8 } as const;
const status = { ok: 0, ioError: 1, unsupported: 2 } as const;

const queueSize = 128;
const sectorBytes = 512;
const headerBytes = 16;
const idBytes = 20;

/** A request of the most and largest segments stays below what a block port takes. */
const maxSegments = 126;
const maxSegmentBytes = 8 * 1024;
/** Files are written in blocks of 4 KiB: 2 to the third sectors. */
const physicalBlockExponent = 3;

interface Request {
  readonly type: number;
  /** Bytes from the disk's start. */
  readonly offset: number;
  /** Bytes of data. */
  readonly length: number;
}

/**
 * A virtio block device (virtio 1.2, 5.2) over a block port. As many requests as the port has room for are under
 * way at once; the rest stays in the guest's ring. A flush is answered when the port's is, so what a guest has
 * synced is as durable as the store can make it. What the port cannot do is an I/O error to the guest.
 */
export class VirtioBlk implements MachineDisk, SavedDevice {
  readonly #virtio: VirtIo;
  #backing: DiskBacking | undefined;
  #subscription: Disposable | undefined;
  #inFlight = 0;
  /** Counts restores and detachments: what was begun before such is not answered after it. */
  #epoch = 0;
  #drained: Deferred<void> | undefined;

  /** `plugged` is called by a restore of a state that does not know the device. */
  constructor(cpu: Cpu, slot: DeviceSlot, plugged: () => void = () => {}) {
    const sectors = (): bigint => BigInt(Math.floor((this.#backing?.sizeBytes ?? 0) / sectorBytes));
    const field = (bytes: 1 | 2 | 4, name: string, read: () => number) => ({ bytes, name, read, write: () => {} });
    this.#virtio = createVirtIo(cpu, {
      name: 'strata-blk',
      pci_id: slot.pciSlot << 3,
      device_id: 0x1042,
      subsystem_device_id: 2,
      common: {
        initial_port: slot.ioBase,
        queues: [{ size_supported: queueSize, notify_offset: 0 }],
        features: [...Object.values(feature), featureIndirect, featureVersion1],
        on_driver_ok: () => {},
      },
      notification: {
        initial_port: slot.ioBase + 0x100,
        single_handler: false,
        handlers: [() => this.#serve()],
      },
      isr_status: { initial_port: slot.ioBase + 0x200 },
      device_specific: {
        initial_port: slot.ioBase + 0x300,
        // struct virtio_blk_config (virtio 1.2, 5.2.4).
        struct: [
          field(4, 'capacity_low', () => Number(BigInt.asIntN(32, sectors()))),
          field(4, 'capacity_high', () => Number(sectors() >> 32n)),
          field(4, 'size_max', () => maxSegmentBytes),
          field(4, 'seg_max', () => maxSegments),
          field(2, 'cylinders', () => 0),
          field(1, 'heads', () => 0),
          field(1, 'sectors', () => 0),
          field(4, 'blk_size', () => sectorBytes),
          field(1, 'physical_block_exp', () => physicalBlockExponent),
          field(1, 'alignment_offset', () => 0),
          field(2, 'min_io_size', () => 1 << physicalBlockExponent),
          field(4, 'opt_io_size', () => 0),
        ],
      },
    });
    saveWithMachine(cpu, slot, this, plugged);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Gives the disk its bytes. Before that it has no capacity, and whoever asks gets an I/O error. */
  attach(backing: DiskBacking): void {
    this.detach();
    this.#backing = backing;
    this.#subscription = backing.client.roomMade(() => this.#serve());
    this.#serve();
  }

  /** Lets go of the block port, which is not closed. Requests that are under way are never answered. */
  detach(): void {
    this.#subscription?.dispose();
    this.#backing = undefined;
    this.#forget(new SandboxError('Unavailable', 'The disk was detached'));
  }

  /**
   * Resolves when nothing is under way and nothing waits in the guest's ring; while the CPU stands still it stays
   * so. `Unavailable` when the disk is detached meanwhile.
   */
  async drain(): Promise<void> {
    if (this.#isQuiet()) return;
    this.#drained ??= createDeferred();
    await this.#drained.promise;
  }

  get_state(): unknown[] {
    return [this.#virtio];
  }

  set_state(state: unknown[]): void {
    this.#forget(new SandboxError('Unavailable', 'The machine was restored'));
    this.#virtio.set_state(state[0]);
  }

  get #queue(): VirtQueue | undefined {
    // Absent while v86 makes the device.
    const queue = (this.#virtio as VirtIo | undefined)?.queues[0];
    return queue?.is_configured() ? queue : undefined;
  }

  #isQuiet(): boolean {
    return this.#inFlight === 0 && !this.#queue?.has_request();
  }

  #forget(reason: SandboxError): void {
    this.#epoch += 1;
    this.#inFlight = 0;
    // Whoever waits may have gone.
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(reason);
    this.#drained = undefined;
  }

  #serve(): void {
    const queue = this.#queue;
    while (queue?.has_request()) {
      const chain = queue.pop_request();
      const request = parseRequest(chain);
      if (this.#backing && !this.#backing.client.hasRoom(request.length)) {
        giveBack(queue, 1);
        return;
      }
      void this.#answer(queue, chain, request);
    }
  }

  async #answer(queue: VirtQueue, chain: BufferChain, request: Request): Promise<void> {
    const [epoch, ring] = [this.#epoch, queue.used_addr];
    this.#inFlight += 1;
    const outcome = await this.#perform(chain, request).catch(() => status.ioError);
    if (epoch !== this.#epoch) return;
    this.#inFlight -= 1;
    // A guest that has reset the device meanwhile does not expect it any more.
    if (queue.used_addr === ring) {
      fill(chain, chain.length_writable - chain.length_written - 1);
      chain.set_next_blob(Uint8Array.of(outcome));
      queue.push_reply(chain);
      queue.flush_replies();
    }
    if (!this.#drained || !this.#isQuiet()) return;
    this.#drained.resolve();
    this.#drained = undefined;
  }

  /** The status to answer with; rejects for an I/O error. */
  async #perform(chain: BufferChain, { type, offset, length }: Request): Promise<number> {
    const { client, sizeBytes, id } = this.#requireBacking();
    switch (type) {
      case requestType.read:
        assertRange(offset, length, sizeBytes);
        chain.set_next_blob(await client.read(offset, length));
        return status.ok;
      case requestType.write: {
        assertRange(offset, length, sizeBytes);
        const bytes = new Uint8Array(length);
        chain.get_next_blob(bytes);
        await client.write(offset, bytes);
        return status.ok;
      }
      case requestType.flush:
        await client.flush();
        return status.ok;
      case requestType.getId: {
        const name = new Uint8Array(Math.min(idBytes, length));
        new TextEncoder().encodeInto(id, name);
        chain.set_next_blob(name);
        return status.ok;
      }
      default:
        return status.unsupported;
    }
  }

  #requireBacking(): DiskBacking {
    if (!this.#backing) throw new SandboxError('FailedPrecondition', 'The disk has no block port');
    return this.#backing;
  }
}

/** The request's header: type, 4 reserved bytes and the first sector. */
function parseRequest(chain: BufferChain): Request {
  const header = new Uint8Array(headerBytes);
  chain.get_next_blob(header);
  const view = new DataView(header.buffer);
  const type = view.getUint32(0, true);
  const length = type === requestType.write ? chain.length_readable - headerBytes : chain.length_writable - 1;
  return { type, offset: Number(view.getBigUint64(8, true)) * sectorBytes, length: Math.max(0, length) };
}

function assertRange(offset: number, length: number, size: number): void {
  if (offset + length <= size && length % sectorBytes === 0 && length <= blockRequestLimit) return;
  throw new SandboxError('InvalidArgument', `No ${length} bytes at ${offset} on a disk of ${size}`);
}

/** Zeros where there is no data, so that the status comes last. */
function fill(chain: BufferChain, bytes: number): void {
  if (bytes > 0) chain.set_next_blob(new Uint8Array(bytes));
}
