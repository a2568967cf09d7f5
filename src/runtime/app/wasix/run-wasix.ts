import type { AppSockets } from '../../../api/app-network';
import { createDeferred } from '../../../base/deferred';
import { SandboxError, toSandboxError } from '../../../base/errors';
import { scriptUrl } from '../../../rpc/spawn-browser';
import type { GuestEnd } from '../../unikernel/guest-end';
import { wasmerNotFetched } from '../not-fetched';
import { until } from '../waits';
import type { ProgramTerminal } from '../wasi/program-io';
import type { GivenFile } from '../wasi/wasi';
import { answerNetwork, hostFunction, type NetworkCall, networkMethods } from './network-call';
import { guestBegun } from './pool-thread';
import { SocketBridge } from './socket-bridge';
import { initializeWasmer, type ProcessCore, setSDKUrl, setWorkerUrl, WasmerCore } from './wasmer-core';
import { provideWrapper } from './wrapper-function';

/** Bytes that are taken from a program's outputs at once. */
const outputBytes = 64 * 1024;

/** Threads that programs are told there are. */
const parallelism = 2;

export interface WasixRun {
  readonly program: Uint8Array;
  /** The first is the program's name. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly files: readonly GivenFile[];
  readonly terminal: ProgramTerminal;
  /** Script of the SDK's threads. */
  readonly threadsUrl: string;
  /** Absent: the program has no network. */
  readonly sockets: AppSockets | undefined;
  /** Called when the program has begun. */
  readonly begins: () => void;
}

/** Runs a program of WASIX to its end, in threads of its own. One in each worker. */
export async function runWasix(run: WasixRun): Promise<GuestEnd> {
  const bridge = new SocketBridge(run.sockets);
  provideNetwork(bridge);
  provideWrapper();
  const begun = createDeferred<void>();
  watchThreads(bridge, () => begun.resolve());
  try {
    const process = await spawn(run, bridge);
    const outputs = [
      show(run.terminal, () => process.readStdout(outputBytes)),
      show(run.terminal, () => process.readStderr(outputBytes)),
    ];
    void type(run.terminal, process);
    const ended = process.wait().then(
      ({ exitCode }): GuestEnd => ({ kind: 'exited', status: exitCode }),
      (thrown: unknown): GuestEnd => ({ kind: 'crashed', message: reasonOf(thrown) }),
    );
    // A short one may have ended before anybody heard that it had begun.
    await Promise.race([begun.promise, ended]);
    run.begins();
    const end = await ended;
    await Promise.allSettled(outputs);
    return end;
  } catch (thrown) {
    const { message } = toSandboxError(thrown);
    throw new SandboxError('Aborted', `The program of WASIX could not be run: ${message}`, { cause: thrown });
  } finally {
    bridge.close();
  }
}

async function spawn({ program, args, env, files, threadsUrl }: WasixRun, bridge: SocketBridge): Promise<ProcessCore> {
  await initializeWasmer().catch((error: unknown) => {
    throw wasmerNotFetched(error);
  });
  setSDKUrl(threadsUrl);
  setWorkerUrl(threadsUrl);
  const wasmer = WasmerCore.create({ parallelism, cache: { mode: 'memory' } }, bridge);
  const [name = 'program', ...rest] = args;
  const made = await wasmer.createPackage({
    modules: { [name]: program },
    commands: { [name]: { module: name } },
    entrypoint: name,
    // Those of a sandbox can only be below /workspace.
    files: Object.fromEntries(files.map(({ path, bytes }) => [path.replace(/^\/*/, '/'), bytes])),
  });
  const builder = wasmer.sandbox();
  builder.package(made);
  for (const variable of env) {
    const at = variable.indexOf('=');
    builder.env(variable.slice(0, at), variable.slice(at + 1));
  }
  builder.network('host');
  const command = (await builder.start()).commandRef(made, name);
  command.args([...rest]);
  command.currentDir('/');
  command.stdinMode('pipe');
  command.stdoutMode('pipe');
  command.stderrMode('pipe');
  return command.spawn();
}

/** The SDK calls these on the thread that it was begun on. */
function provideNetwork(bridge: SocketBridge): void {
  const scope = globalThis as unknown as Record<string, (bridge: number, ...args: readonly never[]) => unknown>;
  const network = bridge as unknown as Record<string, (...args: readonly never[]) => unknown>;
  for (const method of networkMethods) scope[hostFunction(method)] = (_, ...args) => network[method]?.(...args);
}

/**
 * The SDK starts threads by the addresses of their scripts, which Trusted Types refuse: they go through our policy.
 * What the threads ask of the network, and that the program has begun, is heard here, and not by the SDK.
 */
function watchThreads(bridge: SocketBridge, begun: () => void): void {
  const Native = globalThis.Worker;
  globalThis.Worker = class extends Native {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(scriptUrl(String(url)), { ...options, type: 'module' });
      this.addEventListener('message', (event: MessageEvent<{ readonly type?: unknown } | null>) => {
        const type = event.data?.type;
        if (type === guestBegun) begun();
        else if (type === 'wasmer-network-rpc') void answerNetwork(event.data as NetworkCall, bridge);
        else return;
        event.stopImmediatePropagation();
      });
    }
  };
}

/** What the SDK says of a program that crashed, without the way through its own code. */
function reasonOf(thrown: unknown): string {
  const [said = ''] = toSandboxError(thrown).message.split('\n');
  return said.replace(/^command execution failed: /, '').replace(/^RuntimeError: (js: )?/, '');
}

async function show(terminal: ProgramTerminal, read: () => Promise<unknown>): Promise<void> {
  for (let chunk = await read(); chunk instanceof Uint8Array; chunk = await read()) {
    let left = chunk;
    await until(
      terminal,
      () => {
        left = left.subarray(terminal.write(left));
        return left.length === 0 ? true : undefined;
      },
      () => undefined,
    );
  }
}

/** Gives a program what is typed, to the end of input. */
async function type(terminal: ProgramTerminal, process: ProcessCore): Promise<void> {
  try {
    for (;;) {
      const line = await until(
        terminal,
        () => terminal.read(outputBytes),
        () => undefined,
      );
      if (line.length === 0) break;
      await process.writeStdin(line);
    }
    await process.closeStdin();
  } catch {
    // It has ended, and reads no more.
  }
}
