import { createRequire } from 'node:module';
import { loadV86 } from '../../src/runtime/vm/load-v86';
import type { Cpu } from '../../src/runtime/vm/v86-internals';
import type { LabMachine } from './machine-lab';

/** What is used of v86's own file system (its lib/filesystem.js). */
interface EmulatorFiles {
  CreateDirectory(name: string, parent: number): number;
  CreateBinaryFile(name: string, parent: number, bytes: Uint8Array): Promise<number>;
}

type EmulatorDevice = new (files: EmulatorFiles, cpu: Cpu, bus: object) => object;

interface Emulator {
  readonly fs9p: EmulatorFiles;
  readonly bus: object;
  readonly v86: { readonly cpu: { readonly devices: { readonly virtio_9p: object } } };
  add_listener(event: string, listener: () => void): void;
  destroy(): Promise<void>;
}

/** What a guest mounts it by, and where on the bus it is (v86's lib/9p.js and src/cpu.js). */
export const emulatorTag = 'host9p';
const pciSlot = 6;
const interruptLineWord = 0x3c >> 2;
const interruptRouting = 0x60;

/**
 * Plugs v86's own 9P device with its own file system into a machine of ours, so that both are measured by the same
 * guest on the same emulator. Returns the file system, whose root is 0.
 */
export async function plugEmulatorFiles({ machine, agent }: LabMachine): Promise<EmulatorFiles> {
  const V86 = await loadV86();
  const require = createRequire(import.meta.url);
  const options = {
    wasm_path: require.resolve('v86/build/v86.wasm'),
    memory_size: 16 * 1024 * 1024,
    vga_memory_size: 1024 * 1024,
    autostart: false,
    filesystem: {},
  };
  // Nothing ever runs in it: it only has what ours shall get.
  const donor = new V86(options as ConstructorParameters<typeof V86>[0]) as unknown as Emulator;
  await new Promise<void>((resolve) => donor.add_listener('emulator-loaded', resolve));
  const [virtio] = machine.shares[0]?.get_state() ?? [];
  const cpu = (virtio as { readonly cpu?: Cpu } | undefined)?.cpu;
  if (!cpu) throw new TypeError('The machine has no share to find its CPU by');
  const Device = donor.v86.cpu.devices.virtio_9p.constructor as EmulatorDevice;
  new Device(donor.fs9p, cpu, donor.bus);
  const { device_spaces, isa_bridge_space8 } = cpu.devices.pci;
  const space = device_spaces[pciSlot << 3];
  const line = isa_bridge_space8[interruptRouting + ((pciSlot - 1) & 3)];
  if (space && line !== undefined) space[interruptLineWord] = ((space[interruptLineWord] ?? 0) & ~0xff) | line;
  await agent.scanDevices();
  return donor.fs9p;
}
