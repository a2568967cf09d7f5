import type { V86 } from 'v86';

/**
 * What we use of v86 0.5.462 beyond its typed surface. The published build keeps the names of class members,
 * so an extra device can be built from the VirtIO class that an existing device carries.
 * Source: v86's src/virtio.js, src/cpu.js, src/main.js.
 */

/** Version of the emulator these types describe; a saved state is refused by any other. */
export const v86Version = '0.5.462';

/** A chain of guest buffers taken from a queue (virtio 1.2, 2.7.5). */
export interface BufferChain {
  /** Bytes the guest offers to the device. */
  readonly length_readable: number;
  /** Bytes the device may write. */
  readonly length_writable: number;
  /** Fills `into` with the next readable bytes; returns how many. */
  get_next_blob(into: Uint8Array): number;
  /** Appends bytes to the writable part; returns how many fitted. */
  set_next_blob(bytes: Uint8Array): number;
}

export interface VirtQueue {
  is_configured(): boolean | number;
  has_request(): boolean;
  pop_request(): BufferChain;
  push_reply(chain: BufferChain): void;
  /** Makes pushed replies visible and raises the interrupt. */
  flush_replies(): void;
}

/** A field of the device-specific configuration space. */
export interface ConfigField {
  readonly bytes: 1 | 2 | 4;
  readonly name: string;
  read(): number;
  write(value: number): void;
}

export interface VirtIoOptions {
  readonly name: string;
  /** Slot in bits 3 to 7. */
  readonly pci_id: number;
  readonly device_id: number;
  readonly subsystem_device_id: number;
  readonly common: {
    readonly initial_port: number;
    readonly queues: readonly { readonly size_supported: number; readonly notify_offset: number }[];
    readonly features: readonly number[];
    on_driver_ok(): void;
  };
  readonly notification: {
    readonly initial_port: number;
    readonly single_handler: boolean;
    readonly handlers: readonly ((queueId: number) => void)[];
  };
  readonly isr_status: { readonly initial_port: number };
  readonly device_specific: { readonly initial_port: number; readonly struct: readonly ConfigField[] };
}

export interface VirtIo {
  readonly queues: readonly VirtQueue[];
  reset(): void;
  notify_config_changes(): void;
  set_state(state: unknown): void;
}

type VirtIoConstructor = new (cpu: Cpu, options: VirtIoOptions) => VirtIo;

/** What a device needs so that v86 saves it: an array of plain values and of objects like itself. */
export interface SavedDevice {
  get_state(): unknown[];
  set_state(state: unknown[]): void;
}

export interface Cpu {
  readonly devices: { readonly virtio_balloon: { readonly virtio: VirtIo } };
  /** The guest's RAM. */
  readonly mem8: Uint8Array;
  get_state(): unknown[];
  set_state(state: unknown[]): void;
  /** Part of `set_state`: writes saved pages to RAM. */
  unpack_memory(bitmap: { readonly view: Uint8Array }, packed: Uint8Array): void;
  /** The guest asked for a reset (keyboard controller, port 0xCF9, triple fault). */
  reboot_internal(): void;
}

export interface EmulatorCore {
  readonly cpu: Cpu;
  yield(delayMs: number, tick: number): void;
  yield_callback(tick: number): void;
}

/** The emulator core behind the typed surface; present once "emulator-loaded" has fired. */
export function coreOf(emulator: V86): EmulatorCore {
  return (emulator as unknown as { v86: EmulatorCore }).v86;
}

/** virtio's VERSION_1 feature: without it a device is transitional, which v86 does not support. */
export const featureVersion1 = 32;

/** A virtio device of ours on the machine's PCI bus. */
export function createVirtIo(cpu: Cpu, options: VirtIoOptions): VirtIo {
  const VirtIO = cpu.devices.virtio_balloon.virtio.constructor as VirtIoConstructor;
  return new VirtIO(cpu, options);
}

/** The first index of the machine's state array that v86 itself leaves free is 90; ours start at 100. */
const firstStateIndex = 100;

/** Saves and restores `device` with the machine, at a place of its own in the machine's state. */
export function saveWithMachine(cpu: Cpu, index: number, device: SavedDevice): void {
  const slot = firstStateIndex + index;
  const getState = cpu.get_state.bind(cpu);
  const setState = cpu.set_state.bind(cpu);
  cpu.get_state = () => {
    const state = getState();
    state[slot] = device;
    return state;
  };
  cpu.set_state = (state) => {
    setState(state);
    device.set_state(state[slot] as unknown[]);
  };
}
