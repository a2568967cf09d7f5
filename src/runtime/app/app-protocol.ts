import type { AppNic } from '../../api/app-network';
import type { ErrorRecord } from '../../base/errors';
import type { Pingable } from '../supervisor';
import type { GuestEnd } from '../unikernel/guest-end';
import type { Waiting } from './program-terminal';
import type { ProgramFigures } from './shared-terminal';
import type { TerminalEnd } from './terminal-protocol';
import type { GivenFile } from './wasi/wasi';

/** What every program is run with. */
interface ProgramRequest {
  /** The first is the program's name. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly files: readonly GivenFile[];
  readonly terminal: TerminalEnd;
}

/** A program of plain WASI. */
export interface WasiRequest extends ProgramRequest {
  readonly flavor: 'wasi';
  readonly module: WebAssembly.Module;
  readonly waiting: Waiting;
}

/** A program of WASIX. */
export interface WasixRequest extends ProgramRequest {
  readonly flavor: 'wasix';
  readonly program: Uint8Array<ArrayBuffer>;
  /** Script of the threads that it runs in. */
  readonly threadsUrl: string;
  /** Absent: it has no network. */
  readonly nic?: AppNic;
}

export type RunRequest = WasiRequest | WasixRequest;

/** All of a request but the terminal, which is there before. */
export type PreparedRequest = Omit<WasiRequest, 'terminal'> | Omit<WasixRequest, 'terminal'>;

/** From a worker on its port for news, in the order in which it happens. */
export type AppNews =
  /** The program has the CPU from now on. Said before it has. */
  | 'begun'
  | { readonly ended: GuestEnd }
  /** It cannot be run, or not any further, and that is no fault of its own. */
  | { readonly failed: ErrorRecord };

/** What a worker for one program serves. It answers when the program waits, if its thread is its own then. */
export interface AppService extends Pingable {
  /** Runs the program; what becomes of it is told by `news`. */
  run(request: RunRequest, news: MessagePort): Promise<void>;
  figures(): Promise<ProgramFigures>;
  /** The port of its network card led nowhere any more. */
  renewNic(port: MessagePort): Promise<void>;
}
