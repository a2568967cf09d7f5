import { concatBytes } from '../../../base/bytes';
import { Emitter, type Event } from '../../../base/events';
import {
  type Cpu,
  createVirtIo,
  featureVersion1,
  type SavedDevice,
  saveWithMachine,
  type VirtIo,
  type VirtQueue,
} from '../v86-internals';
import type { DeviceSlot } from './slots';

/**
 * A virtio console device with several ports (virtio 1.2, 5.3): port 0 is the guest's console, the others
 * are plain character devices found by name. v86 has one of its own, but it announces every port as a
 * console and drops input when the guest has no free buffer; this one waits.
 */

/** Control events (virtio 1.2, 5.3.6.2). */
const control = {
  deviceReady: 0,
  deviceAdd: 1,
  portReady: 3,
  consolePort: 4,
  resize: 5,
  portOpen: 6,
  portName: 7,
} as const;

const featureSize = 0;
const featureMultiport = 1;

/** Guest buffers per queue, a page each. Larger queues cost guest memory, smaller ones interrupts. */
const queueSize = 32;

/** How much input may wait for the guest, per port. */
const maxPendingBytes = 1024 * 1024;

export interface SerialPortSpec {
  readonly name: string;
  readonly console: boolean;
}

/** One port of the device, seen from the host. */
export interface SerialPort {
  /** Bytes the guest wrote, in its own pieces; the array is the listener's to keep. */
  readonly received: Event<Uint8Array<ArrayBuffer>>;
  /** The guest opened or closed the port. */
  readonly openChanged: Event<boolean>;
  /** Fires when there is room again after `send` refused. */
  readonly drained: Event<void>;
  /** False when too much is waiting already; nothing was taken then. */
  send(bytes: Uint8Array): boolean;
  /** A copy of what `send` took and the guest has not: no part of a saved state, which a restore drops. */
  readonly pendingInput: Uint8Array;
}

class Port implements SerialPort {
  readonly #received = new Emitter<Uint8Array<ArrayBuffer>>();
  readonly #openChanged = new Emitter<boolean>();
  readonly #drained = new Emitter<void>();
  readonly #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #refused = false;
  readonly received = this.#received.event;
  readonly openChanged = this.#openChanged.event;
  readonly drained = this.#drained.event;

  constructor(
    readonly spec: SerialPortSpec,
    readonly inputQueue: () => VirtQueue | undefined,
  ) {}

  send(bytes: Uint8Array): boolean {
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes.length > maxPendingBytes) {
      this.#refused = true;
      return false;
    }
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.flushInput();
    return true;
  }

  get pendingInput(): Uint8Array {
    return concatBytes(this.#pending);
  }

  /** Moves waiting input into the guest's buffers, as many as there are. */
  flushInput(): void {
    const queue = this.inputQueue();
    if (!queue?.is_configured()) return;
    let moved = false;
    while (this.#pending.length > 0 && queue.has_request()) {
      const chain = queue.pop_request();
      let room = chain.length_writable;
      while (room > 0) {
        const head = this.#pending[0];
        if (!head) break;
        const piece = head.length > room ? head.subarray(0, room) : head;
        chain.set_next_blob(piece);
        room -= piece.length;
        this.#pendingBytes -= piece.length;
        if (piece.length === head.length) this.#pending.shift();
        else this.#pending[0] = head.subarray(piece.length);
      }
      queue.push_reply(chain);
      moved = true;
    }
    if (moved) queue.flush_replies();
    if (this.#refused && this.#pendingBytes < maxPendingBytes / 2) {
      this.#refused = false;
      this.#drained.fire();
    }
  }

  /** Forgets waiting input: what it belonged to is gone after a restore. */
  clearInput(): void {
    this.#pending.length = 0;
    this.#pendingBytes = 0;
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    this.#received.fire(bytes);
  }

  setOpen(open: boolean): void {
    this.#openChanged.fire(open);
  }
}

export class VirtioSerial implements SavedDevice {
  readonly #virtio: VirtIo;
  readonly #ports: readonly Port[];
  readonly #controlOut: Uint8Array[] = [];
  #columns = 80;
  #rows = 25;

  constructor(cpu: Cpu, slot: DeviceSlot, specs: readonly SerialPortSpec[]) {
    this.#ports = specs.map((spec, index) => new Port(spec, () => this.#virtio?.queues[inputQueueOf(index)]));
    this.#virtio = createVirtIo(cpu, {
      name: 'strata-serial',
      pci_id: slot.pciSlot << 3,
      device_id: 0x1043,
      subsystem_device_id: 3,
      common: {
        initial_port: slot.ioBase,
        queues: this.#queueOptions(specs.length),
        features: [featureSize, featureMultiport, featureVersion1],
        on_driver_ok: () => {},
      },
      notification: {
        initial_port: slot.ioBase + 0x100,
        single_handler: false,
        handlers: [
          (queueId) => this.#ports[portOf(queueId)]?.flushInput(),
          (queueId) => this.#readOutput(queueId),
          () => this.#flushControl(),
          (queueId) => this.#readControl(queueId),
        ],
      },
      isr_status: { initial_port: slot.ioBase + 0x200 },
      device_specific: {
        initial_port: slot.ioBase + 0x300,
        struct: [
          { bytes: 2, name: 'cols', read: () => this.#columns, write: () => {} },
          { bytes: 2, name: 'rows', read: () => this.#rows, write: () => {} },
          { bytes: 4, name: 'max_nr_ports', read: () => specs.length, write: () => {} },
          { bytes: 4, name: 'emerg_wr', read: () => 0, write: () => {} },
        ],
      },
    });
    saveWithMachine(cpu, slot, this);
  }

  port(index: number): SerialPort {
    const port = this.#ports[index];
    if (!port) throw new RangeError(`No serial port ${index}`);
    return port;
  }

  /** Tells the guest the size of the console's terminal (it raises SIGWINCH). */
  resizeConsole(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
    const size = new Uint8Array(4);
    const view = new DataView(size.buffer);
    // struct virtio_console_resize. Drivers older than Linux 6.1.140 read the two the other way round.
    view.setUint16(0, columns, true);
    view.setUint16(2, rows, true);
    this.#sendControl(0, control.resize, 0, size);
  }

  get_state(): unknown[] {
    return [this.#virtio, this.#columns, this.#rows];
  }

  set_state(state: unknown[]): void {
    this.#virtio.set_state(state[0]);
    this.#columns = Number(state[1]);
    this.#rows = Number(state[2]);
    this.#controlOut.length = 0;
    for (const port of this.#ports) port.clearInput();
  }

  /** Queues 0 and 1 are port 0, 2 and 3 are control, then two per further port. */
  #queueOptions(ports: number): { size_supported: number; notify_offset: number }[] {
    const pair = (input: number, output: number) => [
      { size_supported: queueSize, notify_offset: input },
      { size_supported: queueSize, notify_offset: output },
    ];
    return [...pair(0, 1), ...pair(2, 3), ...Array.from({ length: ports - 1 }, () => pair(0, 1)).flat()];
  }

  #readOutput(queueId: number): void {
    const queue = this.#virtio.queues[queueId];
    const port = this.#ports[portOf(queueId)];
    if (!queue || !port) return;
    while (queue.has_request()) {
      const chain = queue.pop_request();
      const bytes = new Uint8Array(chain.length_readable);
      chain.get_next_blob(bytes);
      queue.push_reply(chain);
      port.receive(bytes);
    }
    queue.flush_replies();
  }

  #readControl(queueId: number): void {
    const queue = this.#virtio.queues[queueId];
    if (!queue) return;
    while (queue.has_request()) {
      const chain = queue.pop_request();
      const message = new Uint8Array(8);
      chain.get_next_blob(message);
      queue.push_reply(chain);
      const view = new DataView(message.buffer);
      this.#handleControl(view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true));
    }
    queue.flush_replies();
  }

  #handleControl(index: number, event: number, value: number): void {
    if (event === control.deviceReady) {
      for (const [each] of this.#ports.entries()) this.#sendControl(each, control.deviceAdd, 1);
      return;
    }
    const port = this.#ports[index];
    if (!port) return;
    if (event === control.portReady) {
      if (port.spec.console) this.#sendControl(index, control.consolePort, 1);
      this.#sendControl(index, control.portName, 1, new TextEncoder().encode(port.spec.name));
      this.#sendControl(index, control.portOpen, 1);
    } else if (event === control.portOpen) {
      port.setOpen(value === 1);
    }
  }

  #sendControl(port: number, event: number, value: number, data = new Uint8Array(0)): void {
    const message = new Uint8Array(8 + data.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, port, true);
    view.setUint16(4, event, true);
    view.setUint16(6, value, true);
    message.set(data, 8);
    this.#controlOut.push(message);
    this.#flushControl();
  }

  #flushControl(): void {
    const queue = this.#virtio.queues[2];
    if (!queue?.is_configured()) return;
    let moved = false;
    while (queue.has_request()) {
      const message = this.#controlOut.shift();
      if (!message) break;
      const chain = queue.pop_request();
      chain.set_next_blob(message);
      queue.push_reply(chain);
      moved = true;
    }
    if (moved) queue.flush_replies();
  }
}

function inputQueueOf(port: number): number {
  return port === 0 ? 0 : 2 * port + 2;
}

function portOf(queueId: number): number {
  return queueId < 2 ? 0 : (queueId - 2) >> 1;
}
