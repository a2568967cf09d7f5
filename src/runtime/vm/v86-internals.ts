import type { V86 } from 'v86';
import type { DeviceSlot } from './devices/slots';

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
  /** Bytes the device has written. */
  readonly length_written: number;
  /** Fills `into` with the next readable bytes; returns how many. */
  get_next_blob(into: Uint8Array): number;
  /** Appends bytes to the writable part; returns how many fitted. */
  set_next_blob(bytes: Uint8Array): number;
}

export interface VirtQueue {
  /** Descriptors, as agreed with the driver. */
  readonly size: number;
  /** Where the used ring is in guest memory; 0 before the driver has said so. */
  readonly used_addr: number;
  /** Next entry of the available ring to take, modulo 65,536. */
  avail_last_idx: number;
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
  /** Whether the driver took the feature; true for all that is offered until it has spoken. */
  is_feature_negotiated(bit: number): boolean;
  set_state(state: unknown): void;
}

type VirtIoConstructor = new (cpu: Cpu, options: VirtIoOptions) => VirtIo;

/** What a device needs so that v86 saves it: an array of plain values and of objects like itself. */
export interface SavedDevice {
  get_state(): unknown[];
  set_state(state: unknown[]): void;
}

export interface Pci {
  /** Configuration spaces, 64 words each, by slot number times eight. */
  readonly device_spaces: (Int32Array | undefined)[];
  readonly devices: unknown[];
  /** Configuration space of the bridge that routes interrupts. */
  readonly isa_bridge_space8: Uint8Array;
}

/** The emulated NE2000 (its src/ne2k.js). */
export interface Ne2k {
  mac: Uint8Array;
  readonly memory: Uint8Array;
  /** Page of its memory where the next frame will go. */
  readonly curpg: number;
}

/** What v86 takes for what is in a drive (its src/buffer.js). */
export interface DriveMedium {
  readonly byteLength: number;
  onload: ((event: object) => void) | undefined;
  load(): void;
  get(start: number, length: number, callback: (bytes: Uint8Array<ArrayBuffer>) => void): void;
  set(start: number, bytes: Uint8Array, callback: () => void): void;
  get_and_cache(start: number, length: number, callback: (bytes: Uint8Array<ArrayBuffer>) => void): void;
  get_from_cache(start: number, length: number): Uint8Array<ArrayBuffer> | undefined;
  get_buffer(callback: (buffer: undefined) => void): void;
  get_state(): unknown[];
  set_state(state: unknown): void;
}

/** A drive at the IDE controller (its src/ide.js). */
export interface IdeDrive {
  /** Null for an empty drive. */
  readonly buffer: unknown;
  readonly channel: { dma_status: number };
  status_reg: number;
  error_reg: number;
  current_command: number;
  /** Takes the medium, and the geometry from its partition table. */
  set_disk_buffer(medium: DriveMedium): void;
  push_irq(): void;
  ata_command(command: number): void;
}

interface IdeChannel {
  readonly master: IdeDrive;
  readonly slave: IdeDrive;
}

/** Power management (its src/acpi.js): the registers of the ACPI specification, 4.8.3. */
export interface Acpi {
  /** PM1 control. */
  status: number;
  pm1_status: number;
  readonly pm1_enable: number;
}

/** A rectangle of pixels on its way to the screen. */
export interface ScreenLayer {
  /** RGBA. */
  readonly image_data: { readonly data: Uint8ClampedArray; readonly width: number };
  /** Where it goes. */
  readonly screen_x: number;
  readonly screen_y: number;
  /** Which part of the image. */
  readonly buffer_x: number;
  readonly buffer_y: number;
  readonly buffer_width: number;
  readonly buffer_height: number;
}

/** What the display tells its screen (its src/browser/dummy_screen.js). Words of cells as in api/screen.ts. */
export interface ScreenAdapter {
  readonly FLAG_BLINKING: number;
  readonly FLAG_FONT_PAGE_B: number;
  set_mode(graphical: boolean): void;
  clear_text_state(): void;
  set_size_text(columns: number, rows: number): void;
  put_char(row: number, column: number, character: number, flags: number, background: number, foreground: number): void;
  update_cursor(row: number, column: number): void;
  update_cursor_scanline(first: number, last: number, visible: boolean): void;
  /** `glyphs`: eight fonts of 256 characters of 32 bytes. */
  set_font_bitmap(
    height: number,
    nine: boolean,
    doubled: boolean,
    joined: boolean,
    glyphs: Uint8Array,
    changed: boolean,
  ): void;
  set_font_page(first: number, second: number): void;
  set_size_graphical(width: number, height: number, virtualWidth: number, virtualHeight: number): void;
  clear_screen(): void;
  update_buffer(layers: readonly ScreenLayer[]): void;
}

/** The display (its src/vga.js). */
export interface Vga {
  screen: ScreenAdapter;
  readonly graphical_mode: boolean;
  /** Draws what has changed, and begins another retrace. */
  screen_fill_buffer(): void;
  /** Begins another retrace: some guests wait for one. */
  update_vertical_retrace(): void;
}

export interface Cpu {
  readonly devices: {
    readonly pci: Pci;
    readonly virtio_balloon: { readonly virtio: VirtIo };
    readonly net?: Ne2k;
    readonly vga: Vga;
    readonly acpi: Acpi;
    readonly ide: { readonly primary?: IdeChannel; readonly secondary?: IdeChannel };
  };
  readonly io: {
    /** Replaces what a port of the machine answers when it is read. */
    register_read(
      port: number,
      device: object,
      read8: (() => number) | undefined,
      read16: (() => number) | undefined,
      read32: () => number,
    ): void;
    /** Replaces what a port of the machine does when it is written. */
    register_write(
      port: number,
      device: object,
      write8: ((value: number) => void) | undefined,
      write16?: (value: number) => void,
      write32?: (value: number) => void,
    ): void;
  };
  /** Runs the guest for a while; gives the milliseconds until it wants to go on. */
  main_loop(): number;
  device_raise_irq(line: number): void;
  /** The guest's RAM. */
  readonly mem8: Uint8Array;
  get_state(): unknown[];
  set_state(state: unknown[]): void;
  /** Part of `set_state`: writes saved pages to RAM. */
  unpack_memory(bitmap: { readonly view: Uint8Array }, packed: Uint8Array): void;
  /** Part of `get_state`: copies the pages that are not zero. */
  pack_memory(): { readonly packed_memory: Uint8Array; readonly bitmap: { get_buffer(): ArrayBuffer } };
  /** Settings of the code generator, by number (v86's src/rust/jit.rs). */
  set_jit_config(setting: number, value: number): void;
  /** The guest asked for a reset (keyboard controller, port 0xCF9, triple fault). */
  reboot_internal(): void;
}

export interface EmulatorCore {
  readonly cpu: Cpu;
  yield(delayMs: number, tick: number): void;
  /** Goes on after so many milliseconds, whatever was agreed before. */
  next_tick(delayMs: number): void;
  yield_callback(tick: number): void;
}

/** The emulator core behind the typed surface; present once "emulator-loaded" has fired. */
export function coreOf(emulator: V86): EmulatorCore {
  return (emulator as unknown as { v86: EmulatorCore }).v86;
}

/** v86's devices and whoever listens to them speak over this. */
export interface EmulatorBus {
  send(event: 'net0-receive', frame: Uint8Array): void;
  /** One byte of a scan code. */
  send(event: 'keyboard-code', byte: number): void;
  /** Counts to the right and up. */
  send(event: 'mouse-delta', counts: readonly [x: number, y: number]): void;
  send(event: 'mouse-click', down: readonly [left: boolean, middle: boolean, right: boolean]): void;
  send(event: 'mouse-wheel', notches: readonly [y: number, x: number]): void;
  send(event: 'serial0-input', byte: number): void;
}

export function busOf(emulator: V86): EmulatorBus {
  return (emulator as unknown as { bus: EmulatorBus }).bus;
}

/** virtio's INDIRECT_DESC feature: a request of many pieces takes one place in the ring. */
export const featureIndirect = 28;

/** virtio's VERSION_1 feature: without it a device is transitional, which v86 does not support. */
export const featureVersion1 = 32;

/** A virtio device of ours on the machine's PCI bus. */
export function createVirtIo(cpu: Cpu, options: VirtIoOptions): VirtIo {
  const VirtIO = cpu.devices.virtio_balloon.virtio.constructor as VirtIoConstructor;
  return new VirtIO(cpu, options);
}

/** Puts back the chains that were taken last, for which there was no use yet; nothing was said to the driver. */
export function giveBack(queue: VirtQueue, chains: number): void {
  queue.avail_last_idx = (queue.avail_last_idx - chains) & 0xffff;
}

/** The first index of the machine's state array that v86 itself leaves free is 90; ours start at 100. */
const firstStateIndex = 100;

/**
 * Saves and restores `device` with the machine, at a place of its own in the machine's state.
 *
 * A state that was saved without the device leaves it as new, and `plugged` is called: the guest finds it when it
 * looks at its PCI bus again, which takes 15 ms.
 */
export function saveWithMachine(
  cpu: Cpu,
  { stateIndex, pciSlot }: DeviceSlot,
  device: SavedDevice,
  plugged: () => void = () => {},
): void {
  const index = firstStateIndex + stateIndex;
  const getState = cpu.get_state.bind(cpu);
  const setState = cpu.set_state.bind(cpu);
  cpu.get_state = () => {
    const state = getState();
    state[index] = device;
    return state;
  };
  cpu.set_state = (state) => {
    setState(state);
    const saved = state[index];
    if (Array.isArray(saved)) device.set_state(saved);
    else {
      routeInterrupt(cpu.devices.pci, pciSlot);
      plugged();
    }
  };
}

const interruptLineWord = 0x3c >> 2;
/** Registers of the PIIX3 that say which interrupt each of the bus's four lines raises. */
const interruptRouting = 0x60;

/** Tells the guest a device's interrupt, which the BIOS does for devices that are there when it starts. */
function routeInterrupt({ device_spaces, isa_bridge_space8 }: Pci, slot: number): void {
  const space = device_spaces[slot << 3];
  const line = isa_bridge_space8[interruptRouting + ((slot - 1) & 3)];
  if (space && line !== undefined) space[interruptLineWord] = ((space[interruptLineWord] ?? 0) & ~0xff) | line;
}

/** Takes a device off the bus, so that neither BIOS nor guest spend time on it. */
export function hidePciDevice({ devices }: Cpu, slot: number): void {
  devices.pci.devices[slot << 3] = undefined;
  devices.pci.device_spaces[slot << 3] = undefined;
}
