import type { V86 } from 'v86';
import { acceptPort } from '../../src/rpc/accept-browser';
import { expose } from '../../src/rpc/control';
import { installYield } from '../../src/runtime/vm/install-yield';
import { loadV86 } from '../../src/runtime/vm/load-v86';
import { coreOf } from '../../src/runtime/vm/v86-internals';
import { compileV86 } from '../../src/runtime/vm/v86-wasm-browser';

/**
 * A machine as v86 makes it: its own virtio NIC on its own "inbrowser" adapter, a BroadcastChannel. The kernel, the
 * turns and the size are those of our machines. A shell on the serial line is all there is of a system.
 */
class Machine {
  #emulator: V86 | undefined;
  #printed = '';
  #onPrinted: () => void = () => {};
  #commands = 0;

  async boot(): Promise<void> {
    const V86 = await loadV86();
    const [wasm, bios, vgaBios, kernel] = await Promise.all([
      compileV86(),
      ...['bios.bin', 'vgabios.bin', 'kernel.bin'].map(async (name) => (await fetch(`/${name}`)).arrayBuffer()),
    ]);
    const emulator = new V86({
      wasm_fn: async (env: WebAssembly.Imports) => (await WebAssembly.instantiate(wasm, env)).exports,
      memory_size: 64 * 1024 * 1024,
      vga_memory_size: 1 << 20,
      autostart: true,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
      acpi: true,
      bios: { buffer: bios },
      vga_bios: { buffer: vgaBios },
      bzimage: { buffer: kernel },
      cmdline: 'console=ttyS0 quiet noapic rdinit=/bin/sh',
      net_device: { type: 'virtio', relay_url: 'inbrowser' },
    } as ConstructorParameters<typeof V86>[0]);
    this.#emulator = emulator;
    emulator.add_listener('emulator-loaded', () => installYield(coreOf(emulator)));
    emulator.add_listener('serial0-output-byte', (byte) => {
      this.#printed += String.fromCharCode(byte);
      this.#onPrinted();
    });
    await this.#until('# ');
  }

  /** Throws what was printed when the command fails. */
  async run(command: string): Promise<void> {
    this.#commands += 1;
    this.#printed = '';
    this.#emulator?.serial0_send(`${command}; echo "STATUS ${this.#commands}:"$?.\n`);
    // The echo of the line has a quote where the answer has the status.
    const [, status] = await this.#until(new RegExp(`STATUS ${this.#commands}:(\\d+)\\.`));
    if (status !== '0') throw new Error(`"${command}" ended with ${status}: ${this.#printed}`);
  }

  #until(wanted: string | RegExp): Promise<RegExpMatchArray> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.#printed.match(wanted);
        if (found) resolve(found);
      };
      this.#onPrinted = look;
      look();
    });
  }
}

export type InbrowserMachine = Machine;

acceptPort((port) => expose(new Machine(), port));
