import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../src/api/machine';
import { concatBytes } from '../../src/base/bytes';
import { systemClock } from '../../src/base/clock';
import { AgentSession, type AgentSessionState } from '../../src/runtime/vm/agent-session';
import { openExec } from '../../src/runtime/vm/guest-process';
import { Machine } from '../../src/runtime/vm/machine';
import { createNodeLab, type NodeLab } from '../support/node-lab';

const config: MachineConfig = { memoryMiB: 64, devices: 'virtio', containerHost: false };

/** A machine that is saved while its programs run, and what goes on of them in a second one. */
describe('programs of a machine that moves', () => {
  let lab: NodeLab;
  let wasm: WebAssembly.Module;
  let machine: Machine;
  let session: AgentSession;

  const options = {
    clock: systemClock,
    random: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
  };

  const createMachine = (): Promise<Machine> => Machine.create({ config, wasm, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) });

  beforeAll(async () => {
    lab = await createNodeLab();
    wasm = await WebAssembly.compile(await readFile(createRequire(import.meta.url).resolve('v86/build/v86.wasm')));
    const image = await lab.images.loadSnapshot(config);
    machine = await createMachine();
    machine.restore(
      image.layers.map(({ bytes }) => bytes),
      image.console,
    );
    await machine.run();
    session = new AgentSession(machine.agentPort, options);
    await session.hello(60_000);
  });
  afterAll(async () => {
    session?.dispose();
    await machine?.dispose();
    await lab?.dispose();
  });

  /** Saves the machine and its session at one instant; both stand still after it. */
  async function freeze(): Promise<{ ram: ArrayBuffer; state: AgentSessionState }> {
    await machine.pause();
    const state = structuredClone(session.hold());
    return { ram: await machine.save(), state };
  }

  /** Goes on in another machine; with `ports` as after a migration, without as after a reload. */
  async function thaw(saved: { ram: ArrayBuffer; state: AgentSessionState }, withPorts: boolean): Promise<void> {
    const ports = session.leave();
    await machine.dispose();
    machine = await createMachine();
    machine.restore([saved.ram], new Uint8Array(0));
    session = new AgentSession(machine.agentPort, options, saved.state);
    if (withPorts) session.adopt(ports);
    session.release();
    await machine.run();
  }

  function start(script: string) {
    const { ports, process } = openExec(new AbortController().signal);
    const id = session.exec({ argv: ['sh', '-c', script] }, ports);
    return { id, process };
  }

  it('go on in the other machine, and lose, repeat and reorder nothing', async () => {
    const total = 3 << 20;
    const cat = start('exec cat');
    const counter = start('i=0; while [ $i -lt 200000 ]; do i=$((i+1)); echo $i; done');
    const sent = feed(cat.process.stdin, total);
    const bytes = readSome(cat.process.stdout);
    const numbers = readSome(counter.process.stdout);
    for (const part of [1 << 19, 3 << 19]) {
      await bytes.reach(part);
      await numbers.reach(part >> 6);
      await thaw(await freeze(), true);
      await session.ping();
    }
    await sent;
    counter.process.kill('SIGTERM');
    expect(await cat.process.exited).toBe(0);
    expect(Buffer.compare(await bytes.all, pattern(total))).toBe(0);
    expect(await counter.process.exited).toBe(143);
    const lines = new TextDecoder()
      .decode(await numbers.all)
      .split('\n')
      .slice(0, -1);
    expect(lines.every((line, index) => line === String(index + 1))).toBe(true);
    expect(session.processes()).toEqual([]);
  }, 120_000);

  it('wait for the next page, and are found by it', async () => {
    const { id, process } = start('read first; echo "got $first"; read second; echo "got $second"; exit 5');
    const reader = process.stdout.getReader();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode('one\n'));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('got one\n');
    process.exited.catch(() => {});
    await thaw(await freeze(), false);
    expect(session.processes()).toMatchObject([{ id, running: true }]);
    const again = openExec(new AbortController().signal);
    session.reattach(id, again.ports);
    const line = again.process.stdin.getWriter();
    await line.write(new TextEncoder().encode('two\n'));
    expect(await new Response(again.process.stdout).text()).toBe('got two\n');
    expect(await again.process.exited).toBe(5);
  }, 60_000);
});

function pattern(count: number): Uint8Array {
  return new Uint8Array(count).map((_, index) => (index ^ (index >> 8) ^ (index >> 16)) & 0xff);
}

async function feed(stdin: WritableStream<Uint8Array>, total: number): Promise<void> {
  const bytes = pattern(total);
  const writer = stdin.getWriter();
  for (let at = 0; at < total; at += 10_000) await writer.write(bytes.subarray(at, at + 10_000));
  await writer.close();
}

/** Reads to the end; `reach` resolves once that many bytes have come, or all there are. */
function readSome(stream: ReadableStream<Uint8Array>) {
  const parts: Uint8Array[] = [];
  let got = 0;
  let wake: () => void = () => {};
  const all = (async () => {
    for await (const part of stream) {
      parts.push(part);
      got += part.length;
      wake();
    }
    return concatBytes(parts);
  })();
  return {
    all,
    async reach(count: number): Promise<void> {
      while (got < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
