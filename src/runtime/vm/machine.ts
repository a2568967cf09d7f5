import type { V86 } from 'v86';
import type { MachineConfig, MachineImage } from '../../api/machine';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { ConsoleHub } from './console-hub';
import { nicSlot, serialSlot } from './devices/slots';
import { VirtioNic } from './devices/virtio-net';
import { type SerialPort, VirtioSerial } from './devices/virtio-serial';
import { installYield } from './install-yield';
import { loadV86 } from './load-v86';
import { loadSavedState } from './saved-state';
import { coreOf } from './v86-internals';

/** Kernel command line (the kernel's admin-guide/kernel-parameters.txt). A saved state has it baked in. */
const commandLine = [
  'console=ttyS0 console=hvc0 quiet mitigations=off random.trust_cpu=on',
  // v86's TSC runs at 1 GHz: spare the guest its calibration.
  'tsc=reliable tsc_early_khz=1000000 lpj=5000000',
  // A panic asks for a reset at once, which tells the host; else it would spin for ever.
  'panic=-1',
  // Only the interfaces that exist: no bond0, dummy0, ifb0, tunl0 or gre0 before somebody makes one.
  'bonding.max_bonds=0 dummy.numdummies=0 ifb.numifbs=0 fb_tunnels=none',
].join(' ');

/** Text and a frame buffer nobody looks at; v86 wants some. */
const videoBytes = 1 << 20;

const agentPort = 1;

/** The guest's CPU came to rest for good, or wants to begin anew: because it was told to, or after a panic. */
export type MachineEvent =
  | { readonly type: 'halted' }
  | { readonly type: 'reboot' }
  | { readonly type: 'panic'; readonly message: string };

/** How much of serial line 0 is kept, for when a guest dies before it has a better console. */
const serialTailBytes = 4096;

export interface MachineOptions {
  readonly config: MachineConfig;
  /** v86.wasm, compiled. */
  readonly wasm: WebAssembly.Module;
  /** Six bytes; a restored machine keeps the saved one until the agent has set another. */
  readonly mac: Uint8Array;
}

/**
 * One emulated PC: v86 with our devices, made once and then either restored or booted.
 * It lives in the thread that makes it and runs in slices of that thread's event loop.
 */
export class Machine {
  readonly #emulator: V86;
  readonly #serial: VirtioSerial;
  readonly #events = new Emitter<MachineEvent>();
  readonly config: MachineConfig;
  readonly console = new ConsoleHub();
  /** Absent in a machine with emulated devices: its ne2k sits inside v86. */
  readonly nic: VirtioNic | undefined;
  readonly events = this.#events.event;
  #serialTail = '';
  #ended = false;

  private constructor(emulator: V86, options: MachineOptions) {
    this.#emulator = emulator;
    this.config = options.config;
    const core = coreOf(emulator);
    installYield(core);
    const resetCpu = core.cpu.reboot_internal.bind(core.cpu);
    core.cpu.reboot_internal = () => {
      // The CPU must be reset even though nothing will run in it any more: v86 traps on its way out otherwise.
      resetCpu();
      this.#onReboot();
    };
    this.#serial = new VirtioSerial(core.cpu, serialSlot, [
      { name: 'strata.console', console: true },
      { name: 'strata.agent', console: false },
    ]);
    this.nic = options.config.devices === 'virtio' ? new VirtioNic(core.cpu, nicSlot, options.mac) : undefined;
    this.#serial.port(0).received((bytes) => this.console.write(bytes));
    // Fires when the CPU halts with interrupts off; v86's typings do not know it.
    const halted = 'cpu-event-halt' as Parameters<V86['add_listener']>[0];
    emulator.add_listener(halted, () => this.#stopFor({ type: 'halted' }));
    emulator.add_listener('serial0-output-byte', (byte) => this.#onSerialByte(byte));
  }

  /** A machine that is ready to be restored (no `boot`) or to boot. `ResourceExhausted` without memory for it. */
  static async create(options: MachineOptions, boot?: MachineImage & { kind: 'boot' }): Promise<Machine> {
    assertMemoryFor(options.config);
    const V86 = await loadV86();
    const { promise: instance, instantiate } = instantiator(options);
    const emulator = new V86({
      wasm_fn: instantiate,
      memory_size: options.config.memoryMiB * 1024 * 1024,
      vga_memory_size: videoBytes,
      autostart: false,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
      // v86's class of virtio devices is reached through this one.
      virtio_balloon: true,
      net_device: { type: options.config.devices === 'emulated' ? 'ne2k' : 'none' },
      cmdline: commandLine,
      ...(boot && bootOptions(boot)),
    } as ConstructorParameters<typeof V86>[0]);
    const loaded = new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));
    await instance;
    await loaded;
    return new Machine(emulator, options);
  }

  /** The port the agent listens on. */
  get agentPort(): SerialPort {
    return this.#serial.port(agentPort);
  }

  /** The end of what came over serial line 0: a kernel that dies early says why only there. */
  get serialTail(): string {
    return this.#serialTail;
  }

  /** Puts a saved state in; the machine must have the configuration it was saved with and must not have run. */
  restore(state: ArrayBuffer, consoleText: Uint8Array): void {
    loadSavedState(coreOf(this.#emulator).cpu, state);
    this.console.write(consoleText);
  }

  async run(): Promise<void> {
    await this.#emulator.run();
  }

  /** Stops between two slices; everything stays as it is. */
  async pause(): Promise<void> {
    await this.#emulator.stop();
  }

  /** RAM and devices at one instant. */
  async save(): Promise<ArrayBuffer> {
    return this.#emulator.save_state();
  }

  writeConsole(bytes: Uint8Array): boolean {
    return this.#serial.port(0).send(bytes);
  }

  resizeConsole(columns: number, rows: number): void {
    this.#serial.resizeConsole(columns, rows);
  }

  async dispose(): Promise<void> {
    await this.#emulator.destroy();
  }

  #onSerialByte(byte: number): void {
    const tail = this.#serialTail + String.fromCharCode(byte);
    // Cut rarely: a copy for each byte would be quadratic.
    this.#serialTail = tail.length > 2 * serialTailBytes ? tail.slice(-serialTailBytes) : tail;
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
    bzimage: { buffer: boot.kernel },
    ...(boot.initrd && { initrd: { buffer: boot.initrd } }),
  };
}
