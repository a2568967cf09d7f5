import type { V86 } from 'v86';
import { DisposableStore } from '../../../base/lifecycle';
import { SlabReader } from '../../../formats/frame-slab';
import type { ReceivedSlab, SlabPort } from '../../../rpc/slab-port';
import { busOf, type Cpu, type EmulatorBus, type Ne2k } from '../v86-internals';
import { createNicCounters, ethernetHeaderBytes, type Nic } from './nic';

/**
 * v86's emulated NE2000, joined to a network like any other NIC. It does everything in the guest: no checksum or
 * segment may be left to do, and as real ones did it drops what its 16 KB of memory do not hold.
 */
export class Ne2kNic implements Nic {
  readonly #bus: EmulatorBus;
  readonly #device: Ne2k;
  readonly counters = createNicCounters();
  readonly offload = false;
  #up = false;
  #port: SlabPort | undefined;
  #subscriptions = new DisposableStore();

  constructor(emulator: V86, { devices }: Cpu, mac: Uint8Array) {
    if (!devices.net) throw new TypeError('The machine has no ne2k');
    this.#bus = busOf(emulator);
    this.#device = devices.net;
    setAddress(this.#device, mac);
    emulator.add_listener('net0-send', (frame: Uint8Array) => this.#transmit(frame));
  }

  get mac(): Uint8Array {
    return this.#device.mac;
  }

  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    this.#up = up;
    this.#sayLink();
  }

  attach(port: SlabPort): void {
    this.detach();
    this.#port = port;
    this.#subscriptions = new DisposableStore();
    this.#subscriptions.add(port.received((slab) => this.#receive(slab)));
    this.#sayLink();
  }

  detach(): void {
    this.#subscriptions.dispose();
    this.#port = undefined;
  }

  #sayLink(): void {
    this.#port?.setLink({ up: this.#up, offload: this.offload });
  }

  #receive(slab: ReceivedSlab): void {
    const reader = new SlabReader(slab);
    while (reader.next()) {
      const before = this.#device.curpg;
      // A copy: the device keeps nothing, but v86's bus may be listened to by others.
      if (this.#up) this.#bus.send('net0-receive', reader.bytes.slice(reader.frameStart, reader.frameEnd));
      if (!this.#up) this.counters.droppedDown += 1;
      // It says nothing; where it writes next has moved when it took the frame. Some were only not for it.
      else if (this.#device.curpg === before) this.counters.droppedFull += 1;
      else {
        this.counters.rxFrames += 1;
        this.counters.rxBytes += reader.length;
      }
    }
    if (reader.damaged) this.counters.droppedMalformed += 1;
    slab.release();
  }

  /** There is no way to make the guest wait: what the port does not take is dropped. */
  #transmit(frame: Uint8Array): void {
    if (!this.#up || !this.#port) this.counters.droppedDown += 1;
    else if (frame.length < ethernetHeaderBytes) this.counters.droppedMalformed += 1;
    else if (!this.#port.send(frame)) this.counters.droppedFull += 1;
    else {
      this.counters.txFrames += 1;
      this.counters.txBytes += frame.length;
    }
  }
}

/** The address stands in the card's PROM, each byte twice (National Semiconductor's DP8390 in word mode). */
function setAddress(device: Ne2k, mac: Uint8Array): void {
  device.mac = Uint8Array.from(mac);
  for (const [index, byte] of device.mac.entries()) device.memory.fill(byte, 2 * index, 2 * index + 2);
}
