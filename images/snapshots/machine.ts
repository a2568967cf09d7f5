import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineConfig, MachineImage } from '../../src/api/machine';
import { delay, systemClock } from '../../src/base/clock';
import { withTimeout } from '../../src/base/timeout';
import { AgentSession } from '../../src/runtime/vm/agent-session';
import { Machine } from '../../src/runtime/vm/machine';
import { rootDirectory } from '../lib/paths';

export interface SavedMachine {
  readonly state: ArrayBuffer;
  readonly console: Uint8Array;
  /** From power-on to the shell's prompt. */
  readonly bootMs: number;
}

/** A loaded machine may take that long; an idle one needs two seconds. */
const bootTimeoutMs = 180_000;
const restoreTimeoutMs = 30_000;

/** What the shell ends its prompt with. */
const prompt = '# ';

/** How long the guest is left alone before it is saved, so that nothing is half done. */
const quietMs = 500;

/** Only while the snapshot is made: whoever restores it sets an address of its own before the port goes up. */
const placeholderMac = Uint8Array.of(0x02, 0, 0, 0, 0, 0);

/** Boots, waits for the agent and the prompt, makes free memory zero and saves. */
export async function saveFreshMachine(
  config: MachineConfig,
  image: MachineImage & { kind: 'boot' },
): Promise<SavedMachine> {
  const started = systemClock.monotonic();
  const machine = await createMachine(config, image);
  const agent = createSession(machine);
  try {
    await machine.run();
    await agent.hello(bootTimeoutMs);
    await waitForPrompt(machine);
    const bootMs = systemClock.monotonic() - started;
    await agent.trim();
    await delay(systemClock, quietMs);
    await machine.pause();
    return { state: await machine.save(), console: machine.console.snapshot(), bootMs };
  } finally {
    agent.dispose();
    await machine.dispose();
  }
}

/** Restores a state and has its agent answer. Throws when it does not. */
export async function verifySnapshot(config: MachineConfig, state: ArrayBuffer, console: Uint8Array): Promise<void> {
  const machine = await createMachine(config);
  const agent = createSession(machine);
  try {
    machine.restore([state], console);
    await machine.run();
    await agent.hello(restoreTimeoutMs);
    await agent.ping();
  } finally {
    agent.dispose();
    await machine.dispose();
  }
}

async function createMachine(config: MachineConfig, boot?: MachineImage & { kind: 'boot' }): Promise<Machine> {
  const wasm = await WebAssembly.compile(readFileSync(join(rootDirectory, 'node_modules/v86/build/v86.wasm')));
  return Machine.create({ config, wasm, mac: placeholderMac }, boot);
}

function createSession({ agentPort }: Machine): AgentSession {
  const transport = {
    send: (bytes: Uint8Array) => agentPort.send(bytes),
    drained: agentPort.drained,
    received: agentPort.received,
  };
  return new AgentSession(transport, { clock: systemClock, random: (count) => Uint8Array.from(randomBytes(count)) });
}

function waitForPrompt({ console }: Machine): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  const found = new Promise<void>((resolve) => {
    const reader = console.attach(({ bytes }) => {
      text += decoder.decode(bytes, { stream: true });
      // Not before `attach` has returned, since it delivers what was printed so far at once.
      queueMicrotask(() => reader.acknowledge(bytes.length));
      if (!text.includes(prompt)) return;
      queueMicrotask(() => reader.dispose());
      resolve();
    });
  });
  return withTimeout(systemClock, bootTimeoutMs, 'The guest did not come to its prompt', found);
}
