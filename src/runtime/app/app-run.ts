import type { AppSpec } from '../../api/app';
import type { NicAttachment } from '../../api/network';
import type { Clock } from '../../base/clock';
import { createDeferred } from '../../base/deferred';
import { parseError, SandboxError, toSandboxError } from '../../base/errors';
import { withTimeout } from '../../base/timeout';
import { transfer } from '../../rpc/control';
import type { SupervisedWorker } from '../supervisor';
import type { GuestEnd } from '../unikernel/guest-end';
import type { AppNews, AppService, RunRequest } from './app-protocol';
import type { ProgramFigures } from './shared-terminal';

/** What a program printed last comes in within that, milliseconds, or it does not come. */
const printedMs = 2000;

/** How long a program that has the CPU to itself is waited for, milliseconds. */
const figuresMs = 250;

export interface AppRunOptions {
  readonly clock: Clock;
  readonly worker: SupervisedWorker<AppService>;
  /** How long it may take until the program has begun, milliseconds. */
  readonly beginMs: number;
  /** Its network card, if it has one; detached when it ends. */
  readonly nic: NicAttachment | undefined;
  /** Resolves when what it has printed has come in. */
  readonly printed: () => Promise<void>;
  /** It has ended, or it cannot go on. Called once, after it has begun. */
  readonly ended: (end: GuestEnd | SandboxError) => void;
}

/** One run of a program: a worker of its own, from which it is not parted. */
export class AppRun {
  readonly #options: AppRunOptions;
  readonly #begun = createDeferred<void>();
  #begins = false;
  #over = false;
  /** What was last known of it, and when, milliseconds since the epoch. */
  #known: { readonly figures: ProgramFigures; readonly at: number } | undefined;

  constructor(options: AppRunOptions) {
    this.#options = options;
    const { nic, worker } = options;
    const { lost } = worker;
    lost.addEventListener('abort', () => this.#end(toSandboxError(lost.reason)));
    const renewals = nic?.renewed((port) => {
      worker.remote.renewNic(transfer(port, [port])).catch(() => port.close());
    });
    lost.addEventListener('abort', () => {
      renewals?.dispose();
      nic?.detach();
    });
    this.#begun.promise.catch(() => {});
  }

  /** Resolves when the program has the CPU. `Unavailable` when that does not come about. */
  async start({ name }: AppSpec, request: RunRequest): Promise<void> {
    const { beginMs, clock, worker } = this.#options;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<AppNews>) => this.#hear(data);
    worker.lost.addEventListener('abort', () => port1.close());
    worker.remote
      .run(transfer(request, transferablesOf(request)), transfer(port2, [port2]))
      .catch((thrown: unknown) => this.#end(toSandboxError(thrown)));
    await withTimeout(clock, beginMs, `${name} did not begin within ${beginMs / 1000} s`, this.#begun.promise);
  }

  /** One that keeps the CPU to itself does not answer, and has used all the time since it last did. */
  async figures(): Promise<ProgramFigures> {
    const { clock, worker } = this.#options;
    try {
      const figures = await withTimeout(clock, figuresMs, 'The program has the CPU', worker.remote.figures());
      this.#known = { figures, at: clock.now() };
      return figures;
    } catch (thrown) {
      if (worker.lost.aborted || toSandboxError(thrown).code !== 'Unavailable') throw thrown;
      const { figures, at } = this.#known ?? { figures: { busyMs: 0, memoryBytes: 0 }, at: clock.now() };
      this.#known ??= { figures: { ...figures, runningSince: at }, at };
      return { ...figures, runningSince: at };
    }
  }

  terminate(reason: string): void {
    this.#over = true;
    this.#options.worker.terminate(new SandboxError('Aborted', reason));
    this.#begun.reject(new SandboxError('Aborted', reason));
  }

  #hear(news: AppNews): void {
    if (news === 'begun') {
      this.#begins = true;
      this.#begun.resolve();
    } else if ('failed' in news) this.#end(parseError(news.failed));
    else this.#end(news.ended);
  }

  #end(end: GuestEnd | SandboxError): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#begins) {
      this.#begun.reject(end instanceof Error ? end : notBegun(end));
      return;
    }
    const { clock, ended, printed, worker } = this.#options;
    const told = (): void => ended(end);
    if (worker.lost.aborted) told();
    else withTimeout(clock, printedMs, 'Its last words did not come in', printed()).then(told, told);
  }
}

/** Files of the same content may be the same bytes. */
function transferablesOf(request: RunRequest): Transferable[] {
  const buffers = new Set(request.files.map(({ bytes }) => bytes.buffer as ArrayBuffer));
  if (request.flavor === 'wasi') return [request.terminal.port, ...buffers];
  const { nic, program, terminal } = request;
  return [terminal.port, program.buffer, ...buffers, ...(nic ? [nic.port] : [])];
}

function notBegun(end: GuestEnd): SandboxError {
  if (end.kind === 'exhausted') {
    return new SandboxError('ResourceExhausted', 'The browser has no memory for one more program: stop another one');
  }
  const why = end.kind === 'crashed' ? `: ${end.message}` : '';
  return new SandboxError('Aborted', `The program ended before it began${why}`);
}
