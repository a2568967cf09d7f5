import { DisposableStore } from '../../../base/lifecycle';
import { maxFrameBytes, SlabReader, virtioField, virtioHeaderBytes } from '../../../formats/frame-slab';
import { type ReceivedSlab, type SlabPort, windowBytes, windowFrames } from '../../../rpc/slab-port';
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
import { createNicCounters, ethernetHeaderBytes, type Nic } from './nic';
import type { DeviceSlot } from './slots';

/** Feature bits (virtio 1.2, 5.1.3). */
const feature = {
  checksum: 0,
  guestChecksum: 1,
  mac: 5,
  guestTso4: 7,
  guestTso6: 8,
  guestEcn: 9,
  hostTso4: 11,
  hostTso6: 12,
  hostEcn: 13,
  mergeableBuffers: 15,
  status: 16,
  controlQueue: 17,
  controlMac: 23,
} as const;

/** What a guest must have agreed to before frames may come to it with work left to do. */
const offloadFeatures = [feature.guestChecksum, feature.guestTso4, feature.guestTso6, feature.mergeableBuffers];

/** As QEMU's. Linux fills all of the receive queue: 256 buffers of 1.5 to 4 KB. */
const queueSize = 256;
const controlQueueSize = 16;

/**
 * Received bytes and slabs that may wait for guest buffers. The port's credit keeps an honest sender at half of
 * this; beyond it everything is dropped.
 */
const maxWaitingBytes = 2 * windowBytes;
const maxWaitingSlabs = 2 * windowFrames;

const queueOf = { receive: 0, transmit: 1, control: 2 } as const;

interface WaitingSlab {
  readonly slab: ReceivedSlab;
  /** Stands at the next frame for the guest. */
  readonly reader: SlabReader;
}

/**
 * A virtio network device (virtio 1.2, 5.1) that leaves checksums and segmentation to whoever needs them done: a
 * TCP segment of 64 KB goes from guest to guest in one piece, as on a KVM host.
 *
 * Nothing is copied but from guest memory into the slab that leaves, and from the slab that came into guest memory.
 * What the port does not take stays in the guest's ring; what the guest does not take stays unacknowledged at the
 * port. So two guests hold each other back and nothing is dropped between them.
 */
export class VirtioNic implements Nic, SavedDevice {
  readonly #virtio: VirtIo;
  readonly #waiting: WaitingSlab[] = [];
  readonly counters = createNicCounters();
  #waitingBytes = 0;
  #mac: Uint8Array;
  #up = false;
  #port: SlabPort | undefined;
  #subscriptions = new DisposableStore();

  /** `plugged` is called by a restore of a state that does not know the device. */
  constructor(cpu: Cpu, slot: DeviceSlot, mac: Uint8Array, plugged: () => void = () => {}) {
    this.#mac = mac;
    this.#virtio = createVirtIo(cpu, {
      name: 'strata-net',
      pci_id: slot.pciSlot << 3,
      device_id: 0x1041,
      subsystem_device_id: 1,
      common: {
        initial_port: slot.ioBase,
        queues: [
          { size_supported: queueSize, notify_offset: queueOf.receive },
          { size_supported: queueSize, notify_offset: queueOf.transmit },
          { size_supported: controlQueueSize, notify_offset: queueOf.control },
        ],
        features: [...Object.values(feature), featureIndirect, featureVersion1],
        on_driver_ok: () => {},
      },
      notification: {
        initial_port: slot.ioBase + 0x100,
        single_handler: false,
        handlers: [() => this.#deliver(), () => this.#transmit(), () => this.#control()],
      },
      isr_status: { initial_port: slot.ioBase + 0x200 },
      device_specific: {
        initial_port: slot.ioBase + 0x300,
        struct: [
          ...[0, 1, 2, 3, 4, 5].map((index) => ({
            bytes: 1 as const,
            name: `mac_${index}`,
            read: () => this.#mac[index] ?? 0,
            write: () => {},
          })),
          // The cable is always in: a guest that is not known yet is kept quiet without being told.
          { bytes: 2, name: 'status', read: () => 1, write: () => {} },
        ],
      },
    });
    saveWithMachine(cpu, slot, this, plugged);
  }

  get mac(): Uint8Array {
    return this.#mac;
  }

  get offload(): boolean {
    return offloadFeatures.every((bit) => this.#virtio.is_feature_negotiated(bit));
  }

  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    this.#up = up;
    if (!up) this.#dropWaiting();
    this.#sayLink();
  }

  attach(port: SlabPort): void {
    this.detach();
    this.#port = port;
    this.#subscriptions = new DisposableStore();
    this.#subscriptions.add(port.received((slab) => this.#receive(slab)));
    this.#subscriptions.add(port.drained(() => this.#transmit()));
    this.#sayLink();
  }

  detach(): void {
    this.#subscriptions.dispose();
    this.#port = undefined;
    this.#dropWaiting();
  }

  get_state(): unknown[] {
    return [this.#virtio, this.#mac];
  }

  set_state(state: unknown[]): void {
    this.#virtio.set_state(state[0]);
    this.#mac = new Uint8Array(state[1] as Uint8Array);
    this.up = false;
  }

  #sayLink(): void {
    this.#port?.setLink({ up: this.#up, offload: this.offload });
  }

  // --- to the guest ---------------------------------------------------------------------------------

  #receive(slab: ReceivedSlab): void {
    const reader = new SlabReader(slab);
    const full = this.#waitingBytes + slab.bytes > maxWaitingBytes || this.#waiting.length >= maxWaitingSlabs;
    if (!this.#up || full) {
      this.counters[this.#up ? 'droppedFull' : 'droppedDown'] += countFrames(reader);
      slab.release();
      return;
    }
    if (!reader.next()) {
      this.#finish({ slab, reader });
      return;
    }
    this.#waiting.push({ slab, reader });
    this.#waitingBytes += slab.bytes;
    this.#deliver();
  }

  /** Moves frames into guest buffers as long as there are any, all with one interrupt. */
  #deliver(): void {
    const queue = this.#virtio.queues[queueOf.receive];
    if (!queue?.is_configured()) return;
    const mergeable = this.#virtio.is_feature_negotiated(feature.mergeableBuffers);
    for (;;) {
      const head = this.#waiting[0];
      if (!head || !this.#fill(queue, head.reader, mergeable)) break;
      if (head.reader.next()) continue;
      this.#waiting.shift();
      this.#waitingBytes -= head.slab.bytes;
      this.#finish(head);
    }
    queue.flush_replies();
  }

  /** Puts the reader's frame into guest buffers, several if need be. False when there are not enough now. */
  #fill(queue: VirtQueue, reader: SlabReader, mergeable: boolean): boolean {
    const { packet } = reader;
    const chains: BufferChain[] = [];
    let room = 0;
    while (room < packet.length && chains.length < (mergeable ? queue.size : 1)) {
      if (!queue.has_request()) {
        giveBack(queue, chains.length);
        return false;
      }
      const chain = queue.pop_request();
      chains.push(chain);
      room += chain.length_writable;
    }
    if (room < packet.length) {
      giveBack(queue, chains.length);
      this.counters.droppedMalformed += 1;
      return true;
    }
    packet[virtioField.bufferCount] = chains.length & 0xff;
    packet[virtioField.bufferCount + 1] = chains.length >> 8;
    let at = 0;
    for (const chain of chains) {
      at += chain.set_next_blob(packet.subarray(at, at + chain.length_writable));
      queue.push_reply(chain);
    }
    this.counters.rxFrames += 1;
    this.counters.rxBytes += reader.length;
    return true;
  }

  /** The slab has been dealt with: only now does its sender get new credit for it. */
  #finish({ slab, reader }: WaitingSlab): void {
    if (reader.damaged) this.counters.droppedMalformed += 1;
    slab.release();
  }

  #dropWaiting(): void {
    for (const { slab, reader } of this.#waiting.splice(0)) {
      // The reader stands at a frame already.
      this.counters.droppedDown += 1 + countFrames(reader);
      slab.release();
    }
    this.#waitingBytes = 0;
  }

  // --- from the guest -------------------------------------------------------------------------------

  /** Moves frames into the port's slab. Those it has no credit for stay in the ring until it is drained. */
  #transmit(): void {
    const queue = this.#virtio.queues[queueOf.transmit];
    if (!queue?.is_configured()) return;
    const port = this.#up ? this.#port : undefined;
    while (queue.has_request() && (!port || port.writable)) {
      const chain = queue.pop_request();
      this.#send(chain, port);
      queue.push_reply(chain);
    }
    queue.flush_replies();
  }

  #send(chain: BufferChain, port: SlabPort | undefined): void {
    const length = chain.length_readable - virtioHeaderBytes;
    if (!port) {
      this.counters.droppedDown += 1;
      return;
    }
    const sound = length >= ethernetHeaderBytes && length <= maxFrameBytes;
    const room = sound ? port.reserve(length) : undefined;
    if (!room) {
      this.counters.droppedMalformed += 1;
      return;
    }
    chain.get_next_blob(room);
    this.counters.txFrames += 1;
    this.counters.txBytes += length;
  }

  /** The only command we offer: set the MAC address (class 1, command 1). */
  #control(): void {
    const queue = this.#virtio.queues[queueOf.control];
    if (!queue) return;
    while (queue.has_request()) {
      const chain = queue.pop_request();
      const command = new Uint8Array(chain.length_readable);
      chain.get_next_blob(command);
      const known = command[0] === 1 && command[1] === 1 && command.length >= 8;
      if (known) this.#mac = command.slice(2, 8);
      chain.set_next_blob(Uint8Array.of(known ? 0 : 1));
      queue.push_reply(chain);
    }
    queue.flush_replies();
  }
}

/** Frames from the reader's place on. */
function countFrames(reader: SlabReader): number {
  let count = 0;
  while (reader.next()) count += 1;
  return count;
}
