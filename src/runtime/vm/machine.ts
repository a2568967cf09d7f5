import type { V86 } from 'v86';
import type { MachineConfig, MachineImage } from '../../api/machine';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { ConsoleHub } from './console-hub';
import type { MachineDisk } from './devices/machine-disk';
import { Ne2kNic } from './devices/ne2k-nic';
import type { Nic } from './devices/nic';
import { Pc } from './devices/pc';
import { PcDrives } from './devices/pc-drives';
import { diskSlots, nicSlots, serialSlot, shareSlots } from './devices/slots';
import { Virtio9p } from './devices/virtio-9p';
import { VirtioBlk } from './devices/virtio-blk';
import { VirtioNic } from './devices/virtio-net';
import { type SerialPort, VirtioSerial } from './devices/virtio-serial';
import { installYield } from './install-yield';
import { loadV86 } from './load-v86';
import { loadLayers, loadOnto, type MemoryParent, saveLayer } from './saved-state';
import { busOf, type Cpu, coreOf, type EmulatorBus, hidePciDevice } from './v86-internals';

/** Kernel command line (the kernel's admin-guide/kernel-parameters.txt). A saved state has it baked in. */
function commandLine({ memoryMiB }: MachineConfig): string {
  return [
    'console=ttyS0 console=hvc0 quiet mitigations=off random.trust_cpu=on',
    // v86's TSC and APIC timer run at 1 GHz: spare the guest their calibration.
    'tsc=reliable tsc_early_khz=1000000 lpj=5000000 lapic_timer_khz=1000000',
    // Of the APIC the timer alone: the BIOS tells a PIC's interrupt for every slot, an I/O APIC's only for those in use.
    'noapic',
    // SeaBIOS keeps the last 16 MiB for itself, and nothing in there is needed any more.
    `memmap=16M%${memoryMiB - 16}M-2+1`,
    // A panic asks for a reset at once, which tells the host; else it would spin for ever.
    'panic=-1',
    // Only the interfaces that exist: no bond0, dummy0, ifb0, tunl0 or gre0 before somebody makes one.
    'bonding.max_bonds=0 dummy.numdummies=0 ifb.numifbs=0 fb_tunnels=none',
  ].join(' ');
}

/** PCI slots of v86's IDE controller and display, which only machines with emulated devices use. */
const unusedSlots = [0x1e, 0x12];

/** Text and a frame buffer nobody looks at; v86 wants some. With a screen: what the largest mode of the BIOS needs. */
const videoBytes = { unused: 1 << 20, screen: 8 << 20 } as const;

const agentPort = 1;

/** The guest's CPU came to rest for good, or it turned itself off, or wants to begin anew: as told to, or after a panic. */
export type MachineEvent =
  | { readonly type: 'halted' | 'turnedOff' }
  | { readonly type: 'reboot' }
  | { readonly type: 'panic'; readonly message: string };

/** How much of serial line 0 is kept, for when a guest dies before it has a better console. */
const serialTailBytes = 4096;

export interface MachineOptions {
  readonly config: MachineConfig;
  /** v86.wasm, compiled. */
  readonly wasm: WebAssembly.Module;
  /**
   * Six bytes for eth0, the last of them counted up for the others. A restored machine keeps what was saved until
   * the agent has set another.
   */
  readonly mac: Uint8Array;
}

/**
 * One emulated PC: v86 with our devices, made once and then either restored or booted.
 * It lives in the thread that makes it and runs in slices of that thread's event loop.
 */
export class Machine {
  readonly #emulator: V86;
  readonly #bus: EmulatorBus;
  /** Of a machine with our kernel. */
  readonly #serial: VirtioSerial | undefined;
  /** Of a machine that starts from its drives. */
  readonly pc: Pc | undefined;
  readonly #events = new Emitter<MachineEvent>();
  readonly config: MachineConfig;
  readonly console = new ConsoleHub();
  /** In the order of eth0, eth1 and so on. With emulated devices the first is a ne2k, the others are virtio. */
  readonly nics: readonly Nic[];
  /** In the order of vda, vdb and so on; with emulated devices the drives first; or the drives of a BIOS. */
  readonly disks: readonly MachineDisk[];
  /** In the order of the spec's shares. */
  readonly shares: readonly Virtio9p[];
  readonly events = this.#events.event;
  #serialTail = '';
  #ended = false;
  #plugged = false;
  #cpuMs = 0;
  readonly #shown: number[] = [];

  private constructor(emulator: V86, options: MachineOptions, drives: PcDrives | undefined) {
    this.#emulator = emulator;
    this.#bus = busOf(emulator);
    this.config = options.config;
    const core = coreOf(emulator);
    installYield(core);
    const resetCpu = core.cpu.reboot_internal.bind(core.cpu);
    core.cpu.reboot_internal = () => {
      // The CPU must be reset even though nothing will run in it any more: v86 traps on its way out otherwise.
      resetCpu();
      this.#onReboot();
    };
    this.pc = drives && options.config.firmware && new Pc(emulator, core.cpu, drives);
    if (!this.pc) drives?.install(core.cpu);
    if (this.pc) this.#measure(core.cpu);
    this.#serial = this.pc ? undefined : makeSerial(core.cpu);
    const unused = this.pc || options.config.devices !== 'virtio' ? [] : unusedSlots;
    for (const slot of unused) hidePciDevice(core.cpu, slot);
    const plugged = (): void => {
      this.#plugged = true;
    };
    this.nics = nicSlots.slice(0, options.config.nics ?? 1).map((slot, index) => {
      const mac = countUp(options.mac, index);
      const emulated = index === 0 && options.config.devices === 'emulated';
      return emulated ? new Ne2kNic(emulator, core.cpu, mac) : new VirtioNic(core.cpu, slot, mac, plugged);
    });
    const virtioDisks = diskSlots.slice(0, options.config.disks ?? 0);
    this.disks = [...(drives?.buffers ?? []), ...virtioDisks.map((slot) => new VirtioBlk(core.cpu, slot, plugged))];
    this.shares = shareSlots.slice(0, options.config.shares ?? 0).map((slot) => new Virtio9p(core.cpu, slot, plugged));
    this.#serial?.port(0).received((bytes) => this.console.write(bytes));
    this.pc?.power.turnedOff(() => this.#stopFor({ type: 'turnedOff' }));
    // Fires when the CPU halts with interrupts off; v86's typings do not know it.
    const halted = 'cpu-event-halt' as Parameters<V86['add_listener']>[0];
    // A machine with a screen stands still and goes on showing it, as one of iron does.
    emulator.add_listener(halted, () => this.pc ?? this.#stopFor({ type: 'halted' }));
    emulator.add_listener('serial0-output-byte', (byte) => this.#onSerialByte(byte));
  }

  /** A machine that is ready to be restored (no `boot`) or to boot. `ResourceExhausted` without memory for it. */
  static async create(options: MachineOptions, boot?: MachineImage & { kind: 'boot' }): Promise<Machine> {
    assertMemoryFor(options.config);
    const V86 = await loadV86();
    const { promise: instance, instantiate } = instantiator(options);
    const { firmware } = options.config;
    const drives = drivesOf(options.config);
    const emulator = new V86({
      wasm_fn: instantiate,
      memory_size: options.config.memoryMiB * 1024 * 1024,
      vga_memory_size: firmware ? videoBytes.screen : videoBytes.unused,
      autostart: false,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
      // v86's class of virtio devices is reached through this one.
      virtio_balloon: true,
      net_device: { type: options.config.devices === 'emulated' ? 'ne2k' : 'none' },
      // The local APIC comes with it, whose timer can sleep for longer than the PIT's 27 ms.
      acpi: true,
      ...drives?.options(),
      ...(!firmware && { cmdline: commandLine(options.config) }),
      ...(boot && bootOptions(boot)),
    } as ConstructorParameters<typeof V86>[0]);
    const loaded = new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));
    await instance;
    await loaded;
    return new Machine(emulator, options, drives);
  }

  /** eth0, for those who know of one NIC only. */
  get nic(): Nic | undefined {
    return this.nics[0];
  }

  /**
   * Whether the machine was restored from a state with fewer NICs, disks or shares than it has. The guest finds them when
   * its agent scans for devices.
   */
  get hasNewDevices(): boolean {
    return this.#plugged;
  }

  /** The port the agent listens on. `FailedPrecondition` for a machine that starts from its drives. */
  get agentPort(): SerialPort {
    if (this.#serial) return this.#serial.port(agentPort);
    throw new SandboxError('FailedPrecondition', 'A machine that starts from its drives has no agent');
  }

  /** How long the host has worked for the guest, milliseconds; measured where no agent tells. */
  get cpuMs(): number {
    return this.#cpuMs;
  }

  /** The end of what came over serial line 0: a kernel that dies early says why only there. */
  get serialTail(): string {
    return this.#serialTail;
  }

  /**
   * Puts a saved machine in, oldest layer first; this one must have the configuration it was saved with and must
   * not have run. Gives back what `saveLayer` was given beside the machine.
   */
  restore(layers: readonly ArrayBuffer[], consoleText: Uint8Array): unknown {
    const session = loadLayers(coreOf(this.#emulator).cpu, layers);
    this.console.write(consoleText);
    return session;
  }

  /** As `restore`, with a layer that was told against what the machine's memory holds already. */
  restoreOnto(layer: ArrayBuffer, consoleText: Uint8Array): unknown {
    const session = loadOnto(coreOf(this.#emulator).cpu, layer);
    this.console.write(consoleText);
    return session;
  }

  /** The guest's RAM: v86's view of it, which is slow to index. */
  get memory(): Uint8Array {
    return coreOf(this.#emulator).cpu.mem8;
  }

  async run(): Promise<void> {
    await this.#emulator.run();
  }

  /** Stops between two slices; everything stays as it is. */
  async pause(): Promise<void> {
    const stopped = this.#emulator.stop();
    // An idle guest sleeps for up to 100 ms, and only then v86 would look whether it is to stop.
    if (this.#emulator.is_running()) coreOf(this.#emulator).next_tick(0);
    await stopped;
  }

  /** RAM and devices at one instant, in v86's own format. */
  async save(): Promise<ArrayBuffer> {
    return this.#emulator.save_state();
  }

  /** RAM and devices as one more layer on `below`, `session` with them. The machine must be paused. */
  saveLayer(below: MemoryParent, session?: unknown): ArrayBuffer {
    return saveLayer(coreOf(this.#emulator).cpu, below, session);
  }

  /** Typed, and not read by the guest yet. No part of a saved state. */
  get pendingConsoleInput(): Uint8Array {
    return this.#serial?.port(0).pendingInput ?? new Uint8Array(0);
  }

  writeConsole(bytes: Uint8Array): boolean {
    if (this.#serial) return this.#serial.port(0).send(bytes);
    for (const byte of bytes) this.#bus.send('serial0-input', byte);
    return true;
  }

  resizeConsole(columns: number, rows: number): void {
    this.#serial?.resizeConsole(columns, rows);
  }

  async dispose(): Promise<void> {
    await this.#emulator.destroy();
  }

  #measure(cpu: Cpu): void {
    const run = cpu.main_loop.bind(cpu);
    cpu.main_loop = () => {
      const begun = performance.now();
      try {
        return run();
      } finally {
        this.#cpuMs += performance.now() - begun;
      }
    };
  }

  #onSerialByte(byte: number): void {
    if (this.pc) this.#showSerial(byte);
    const tail = this.#serialTail + String.fromCharCode(byte);
    // Cut rarely: a copy for each byte would be quadratic.
    this.#serialTail = tail.length > 2 * serialTailBytes ? tail.slice(-serialTailBytes) : tail;
  }

  /** Without our console the serial line is the machine's; its bytes come one by one, all that one slice writes together. */
  #showSerial(byte: number): void {
    if (this.#shown.length === 0) queueMicrotask(() => this.console.write(Uint8Array.from(this.#shown.splice(0))));
    this.#shown.push(byte);
  }

  /** The guest asked for a reset. With `panic=-1` so does a kernel that died. */
  #onReboot(): void {
    const message = /Kernel panic - not syncing: ([^\r\n]*)/.exec(this.#serialTail)?.[1];
    this.#stopFor(message === undefined ? { type: 'reboot' } : { type: 'panic', message });
  }

  #stopFor(event: MachineEvent): void {
    // A guest asks for a reset in several ways, one after the other, until one works.
    if (this.#ended) return;
    this.#ended = true;
    void this.#emulator.stop();
    this.#events.fire(event);
  }
}

/** What stands at the emulated controllers. */
function drivesOf({ firmware, drives }: MachineConfig): PcDrives | undefined {
  if (firmware) return new PcDrives(firmware);
  return drives && new PcDrives({ boot: [], drives });
}

function makeSerial(cpu: Cpu): VirtioSerial {
  return new VirtioSerial(cpu, serialSlot, [
    { name: 'strata.console', console: true },
    { name: 'strata.agent', console: false },
  ]);
}

function countUp(mac: Uint8Array, count: number): Uint8Array {
  return mac.map((byte, index) => (index === mac.length - 1 ? byte + count : byte));
}

/** v86 grows its memory where nobody hears the failure, so the same amount is asked for here first. */
function assertMemoryFor({ memoryMiB }: MachineConfig): void {
  const pagesPerMiB = 16;
  const emulatorMiB = 24;
  try {
    void new WebAssembly.Memory({ initial: (memoryMiB + emulatorMiB) * pagesPerMiB });
  } catch (cause) {
    throw outOfMemory(memoryMiB, cause);
  }
}

function outOfMemory(memoryMiB: number, cause: unknown): SandboxError {
  const message = `Not enough memory for a machine with ${memoryMiB} MiB of RAM: stop another one or choose less`;
  return new SandboxError('ResourceExhausted', message, { cause, details: { memoryMiB } });
}

/** How v86 gets its WebAssembly instance. v86 ignores a failure, so it is handed on here. */
function instantiator(options: MachineOptions): {
  promise: Promise<void>;
  instantiate: (env: WebAssembly.Imports) => Promise<WebAssembly.Exports>;
} {
  let succeed!: () => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<void>((resolve, reject) => {
    succeed = resolve;
    fail = reject;
  });
  return {
    promise,
    async instantiate(env) {
      try {
        const instance = await WebAssembly.instantiate(options.wasm, env);
        succeed();
        return instance.exports;
      } catch (error) {
        fail(outOfMemory(options.config.memoryMiB, error));
        return new Promise(() => {});
      }
    },
  };
}

function bootOptions(boot: MachineImage & { kind: 'boot' }) {
  return {
    bios: { buffer: boot.bios },
    vga_bios: { buffer: boot.vgaBios },
    ...(boot.kernel && { bzimage: { buffer: boot.kernel } }),
    ...(boot.initrd && { initrd: { buffer: boot.initrd } }),
  };
}
