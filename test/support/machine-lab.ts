import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { MachineConfig, MachineImageSource } from '../../src/api/machine';
import { systemClock } from '../../src/base/clock';
import { SlabPort } from '../../src/rpc/slab-port';
import { AgentSession } from '../../src/runtime/vm/agent-session';
import type { DiskBacking } from '../../src/runtime/vm/devices/machine-disk';
import type { ShareBacking } from '../../src/runtime/vm/devices/virtio-9p';
import { openExec } from '../../src/runtime/vm/guest-process';
import { Machine } from '../../src/runtime/vm/machine';
import type { Outcome } from './node-lab';

/** A machine with a real guest in this thread, below the vm worker: for tests of devices. */
export interface LabMachine {
  readonly machine: Machine;
  readonly agent: AgentSession;
  /** Runs a shell command in the guest to its end. */
  shell(command: string): Promise<Outcome>;
  dispose(): Promise<void>;
}

export interface LabMachineOptions {
  readonly config: MachineConfig;
  readonly mac: readonly number[];
  readonly address?: string;
  /** From the prepared snapshot of a machine with fewer devices, or by booting. */
  readonly start: 'restored' | 'booted' | ArrayBuffer;
  readonly disks?: readonly DiskBacking[];
  readonly shares?: readonly ShareBacking[];
}

let compiled: Promise<WebAssembly.Module> | undefined;

async function compileV86(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('v86/build/v86.wasm');
  return WebAssembly.compile(await readFile(path));
}

export async function startLabMachine(images: MachineImageSource, options: LabMachineOptions): Promise<LabMachine> {
  const { config, start } = options;
  compiled ??= compileV86();
  const wasm = await compiled;
  const boot = start === 'booted' ? await images.loadBoot(config) : undefined;
  const machine = await Machine.create({ config, wasm, mac: Uint8Array.from(options.mac) }, boot);
  if (start === 'restored') {
    const { layers, console } = await images.loadSnapshot({ ...config, nics: 1, disks: 0, shares: 0 });
    machine.restore(
      layers.map(({ bytes }) => bytes),
      console,
    );
  } else if (start !== 'booted') machine.restore([start], new Uint8Array(0));
  for (const [index, disk] of (options.disks ?? []).entries()) machine.disks[index]?.attach(disk);
  for (const [index, share] of (options.shares ?? []).entries()) machine.shares[index]?.attach(share);
  const agent = new AgentSession(machine.agentPort, { clock: systemClock, random: randomBytes });
  await machine.run();
  await agent.hello(60_000);
  if (machine.hasNewDevices) await agent.scanDevices();
  await agent.network({
    interface: 'eth0',
    mac: Uint8Array.from(options.mac),
    up: true,
    addresses: options.address === undefined ? [] : [{ address: options.address, prefix: 24 }],
    routes: [],
  });
  const never = new AbortController().signal;
  return {
    machine,
    agent,
    async shell(command) {
      const { ports, process } = openExec(never);
      agent.exec({ argv: ['/bin/sh', '-c', command] }, ports);
      void process.stdin.close().catch(() => {});
      const [stdout, stderr, code] = await Promise.all([
        new Response(process.stdout).text(),
        new Response(process.stderr).text(),
        process.exited,
      ]);
      return { code, stdout, stderr };
    },
    async dispose() {
      agent.dispose();
      await machine.dispose();
    },
  };
}

/** Joins two NICs by a cable of their own, and puts both up. */
export function joinNics(a: LabMachine, b: LabMachine, nic = 0): readonly [SlabPort, SlabPort] {
  const { port1, port2 } = new MessageChannel();
  const ports = [new SlabPort(port1), new SlabPort(port2)] as const;
  for (const [index, { machine }] of [a, b].entries()) {
    const card = machine.nics[nic];
    const port = ports[index];
    if (!card || !port) throw new RangeError(`No NIC ${nic}`);
    card.attach(port);
    card.up = true;
  }
  return ports;
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}
