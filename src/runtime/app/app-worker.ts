import type { AppSockets, OpenAppNetwork } from '../../api/app-network';
import { systemClock } from '../../base/clock';
import { SandboxError, serializeError } from '../../base/errors';
import { failpoint } from '../../base/failpoint';
import { expose } from '../../rpc/control';
import type { GuestEnd } from '../unikernel/guest-end';
import type { AppNews, AppService, RunRequest, WasiRequest, WasixRequest } from './app-protocol';
import { wasmerNotFetched } from './not-fetched';
import { type MeteredTerminal, openProgramTerminal } from './program-terminal';
import { runProgram } from './run-program';
import type { ProgramFigures } from './shared-terminal';
import { WasiError } from './wasi/errno';
import { Wasi } from './wasi/wasi';

/** Serves one program on the port of whoever started this worker. */
export function serveApp(port: MessagePort, openNetwork?: OpenAppNetwork): void {
  expose(new AppWorker(openNetwork), port);
}

class AppWorker implements AppService {
  readonly #openNetwork: OpenAppNetwork | undefined;
  #terminal: MeteredTerminal | undefined;
  #sockets: AppSockets | undefined;
  /** The program is in threads of its own. */
  #isApart = false;

  constructor(openNetwork: OpenAppNetwork | undefined) {
    this.#openNetwork = openNetwork;
  }

  ping(): void {}

  async run(request: RunRequest, news: MessagePort): Promise<void> {
    const tell = (message: AppNews): void => news.postMessage(message);
    const use = request.flavor === 'wasi' ? request.waiting : 'apart';
    const terminal = openProgramTerminal(request.terminal, use, systemClock);
    this.#terminal = terminal;
    this.#isApart = use === 'apart';
    try {
      await failpoint('app.begin');
      const begun = (): void => tell('begun');
      const run =
        request.flavor === 'wasi' ? runWasi(request, terminal, begun) : this.#runWasix(request, terminal, begun);
      const ended = await run;
      terminal.finish();
      tell({ ended });
    } catch (thrown) {
      terminal.finish();
      tell({ failed: serializeError(thrown) });
    } finally {
      terminal.measure(false);
    }
  }

  async renewNic(port: MessagePort): Promise<void> {
    if (this.#sockets) this.#sockets.renew(port);
    else port.close();
  }

  async figures(): Promise<ProgramFigures> {
    if (!this.#terminal) throw new SandboxError('FailedPrecondition', 'No program runs in this worker');
    if (this.#isApart)
      throw new SandboxError('Unimplemented', 'Nobody knows how long the threads of WASIX have the CPU');
    this.#terminal.measure(this.#terminal.figures.runningSince > 0);
    return { ...this.#terminal.figures };
  }

  async #runWasix(request: WasixRequest, terminal: MeteredTerminal, begins: () => void): Promise<GuestEnd> {
    // Large, and for those who have such programs.
    const { runWasix } = await import('./wasix/run-wasix').catch((error: unknown) => {
      throw wasmerNotFetched(error);
    });
    if (request.nic) this.#sockets = await this.#openNetwork?.(request.nic);
    return runWasix({ ...request, terminal, sockets: this.#sockets, begins });
  }
}

function runWasi(request: WasiRequest, terminal: MeteredTerminal, begun: () => void): Promise<GuestEnd> {
  const { module, waiting } = request;
  return runProgram({
    module,
    waiting,
    wasi: makeWasi(request, terminal),
    begins(memory) {
      terminal.memoryBytes = () => memory.buffer.byteLength;
      terminal.measure(true);
      begun();
    },
  });
}

function makeWasi({ args, env, files }: WasiRequest, terminal: MeteredTerminal): Wasi {
  const epoch = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
  const monotonic = (): bigint => BigInt(Math.round(performance.now() * 1000)) * 1000n;
  const io = {
    terminal,
    now: () => epoch + monotonic(),
    monotonic,
    random: (bytes: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(bytes),
  };
  try {
    return new Wasi({ args, env, files, io });
  } catch (thrown) {
    if (!(thrown instanceof WasiError)) throw thrown;
    const message = `The files for the program cannot be laid out (${thrown.message}): two of them are in each other's way, or they are too large`;
    throw new SandboxError('InvalidArgument', message, { cause: thrown });
  }
}
