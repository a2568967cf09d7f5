import { Emitter } from '../../../base/events';
import {
  type Cpu,
  createVirtIo,
  featureVersion1,
  type SavedDevice,
  saveWithMachine,
  type VirtIo,
} from '../v86-internals';
import type { DeviceSlot } from './slots';

/** Feature bits (virtio 1.2, 5.1.3). */
const feature = { mtu: 3, mac: 5, status: 16, controlQueue: 17, controlMac: 23 } as const;

/** struct virtio_net_hdr without mergeable buffers, but with num_buffers since VERSION_1. */
const headerBytes = 12;

/** Frames that may wait for a guest buffer before further ones are dropped. */
const maxWaitingFrames = 512;

/** What was lost and why; see also the port counters of the switch. */
export interface NicCounters {
  rxFrames: number;
  rxBytes: number;
  txFrames: number;
  txBytes: number;
  /** Arrived while the port was down. */
  droppedDown: number;
  /** Arrived while the guest had no buffer and the queue was full. */
  droppedFull: number;
}

/**
 * A virtio network device (virtio 1.2, 5.1). The port starts down: nothing is delivered and nothing leaves
 * until `up` is set, which happens once the agent has acknowledged the machine's identity.
 */
export class VirtioNic implements SavedDevice {
  readonly #virtio: VirtIo;
  readonly #transmitted = new Emitter<Uint8Array<ArrayBuffer>>();
  readonly #waiting: Uint8Array[] = [];
  readonly counters: NicCounters = { rxFrames: 0, rxBytes: 0, txFrames: 0, txBytes: 0, droppedDown: 0, droppedFull: 0 };
  /** Frames the guest sent, whole, without the virtio header; the array is the listener's to keep. */
  readonly transmitted = this.#transmitted.event;
  #mac: Uint8Array;
  up = false;

  constructor(cpu: Cpu, slot: DeviceSlot, mac: Uint8Array, mtu = 1500) {
    this.#mac = mac;
    this.#virtio = createVirtIo(cpu, {
      name: 'strata-net',
      pci_id: slot.pciSlot << 3,
      device_id: 0x1041,
      subsystem_device_id: 1,
      common: {
        initial_port: slot.ioBase,
        queues: [
          { size_supported: 1024, notify_offset: 0 },
          { size_supported: 1024, notify_offset: 1 },
          { size_supported: 16, notify_offset: 2 },
        ],
        features: [feature.mtu, feature.mac, feature.status, feature.controlQueue, feature.controlMac, featureVersion1],
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
          { bytes: 2, name: 'status', read: () => 1, write: () => {} },
          { bytes: 2, name: 'max_virtqueue_pairs', read: () => 1, write: () => {} },
          { bytes: 2, name: 'mtu', read: () => mtu, write: () => {} },
        ],
      },
    });
    saveWithMachine(cpu, slot.stateIndex, this);
  }

  get mac(): Uint8Array {
    return this.#mac;
  }

  /** A frame for the guest. Dropped and counted when the port is down or the guest does not take any. */
  receive(frame: Uint8Array): void {
    if (!this.up) {
      this.counters.droppedDown += 1;
      return;
    }
    if (this.#waiting.length >= maxWaitingFrames) {
      this.counters.droppedFull += 1;
      return;
    }
    this.#waiting.push(frame);
    this.#deliver();
  }

  get_state(): unknown[] {
    return [this.#virtio, this.#mac];
  }

  set_state(state: unknown[]): void {
    this.#virtio.set_state(state[0]);
    this.#mac = new Uint8Array(state[1] as Uint8Array);
    this.#waiting.length = 0;
    this.up = false;
  }

  #deliver(): void {
    const queue = this.#virtio?.queues[0];
    if (!queue?.is_configured()) return;
    let moved = false;
    while (queue.has_request()) {
      const frame = this.#waiting.shift();
      if (!frame) break;
      const withHeader = new Uint8Array(headerBytes + frame.length);
      withHeader[10] = 1; // num_buffers
      withHeader.set(frame, headerBytes);
      const chain = queue.pop_request();
      chain.set_next_blob(withHeader);
      queue.push_reply(chain);
      this.counters.rxFrames += 1;
      this.counters.rxBytes += frame.length;
      moved = true;
    }
    if (moved) queue.flush_replies();
  }

  #transmit(): void {
    const queue = this.#virtio.queues[1];
    if (!queue) return;
    while (queue.has_request()) {
      const chain = queue.pop_request();
      const bytes = new Uint8Array(chain.length_readable);
      chain.get_next_blob(bytes);
      queue.push_reply(chain);
      if (!this.up) {
        this.counters.droppedDown += 1;
        continue;
      }
      const frame = bytes.slice(headerBytes);
      this.counters.txFrames += 1;
      this.counters.txBytes += frame.length;
      this.#transmitted.fire(frame);
    }
    queue.flush_replies();
  }

  /** The only command we offer: set the MAC address (class 1, command 1). */
  #control(): void {
    const queue = this.#virtio.queues[2];
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
