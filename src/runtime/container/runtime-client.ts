import type { Process } from '../../api/instance';
import { type ErrorCode, SandboxError, toSandboxError } from '../../base/errors';
import { Emitter, type Event } from '../../base/events';
import type { Disposable } from '../../base/lifecycle';
import { linesOf } from './line-reader';
import {
  fields,
  isFields,
  maxLineBytes,
  parseRuntimeEvent,
  type RuntimeCall,
  type RuntimeEvent,
  runtimeProtocol,
} from './runtime-protocol';

/** Calls that may wait for their answers at once. */
const maxCalls = 256;

/** What of its complaints is kept. */
const maxComplaint = 2000;

const codes: ReadonlySet<string> = new Set<ErrorCode>([
  'NotFound',
  'AlreadyExists',
  'InvalidArgument',
  'FailedPrecondition',
  'ResourceExhausted',
  'Unimplemented',
]);

interface Waiting {
  resolve(result: unknown): void;
  reject(error: SandboxError): void;
}

/**
 * One run of the host's server in a guest: calls and their answers, and events between them in the order in which they
 * happened.
 */
export class RuntimeClient implements Disposable {
  readonly #process: Omit<Process, 'id'>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #events = new Emitter<RuntimeEvent>();
  #lastId = 0;
  #ended: SandboxError | undefined;
  /** Resolves with why, when it does not answer any more. */
  readonly ended: Promise<SandboxError>;

  constructor(process: Omit<Process, 'id'>) {
    this.#process = process;
    this.#writer = process.stdin.getWriter();
    const complaint = complaintOf(process);
    this.ended = this.#read()
      .then(async () => {
        const code = await process.exited;
        const said = (await complaint) || `it ended with ${code}`;
        return new SandboxError('Unavailable', `The container runtime of the host does not run: ${said}`);
      })
      .catch((error: unknown) => toSandboxError(error))
      .then((error) => this.#end(error));
  }

  get events(): Event<RuntimeEvent> {
    return this.#events.event;
  }

  /** Its version. `Unimplemented` for a runtime of another protocol. */
  async hello(): Promise<string> {
    const { protocol, version } = fields(await this.call('hello'));
    if (protocol === runtimeProtocol) return String(version);
    const message = `The container runtime of the host speaks protocol ${String(protocol)}, not ${runtimeProtocol}`;
    throw new SandboxError('Unimplemented', message);
  }

  /** Errors: what the runtime says; `Unavailable` when it ends first. */
  call(call: RuntimeCall, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#waiting.size >= maxCalls) {
      const message = `The container runtime has ${maxCalls} calls to answer: wait for some`;
      return Promise.reject(new SandboxError('ResourceExhausted', message));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const line = new TextEncoder().encode(`${JSON.stringify({ id, call, ...parameters })}\n`);
    if (line.length > maxLineBytes) {
      const message = `A ${call} of ${line.length} bytes: the container runtime takes ${maxLineBytes}`;
      return Promise.reject(new SandboxError('InvalidArgument', message));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      // Why it fails is said by the end of the process.
      this.#writer.write(line).catch(() => {});
    });
  }

  /** Ends the process; containers go on. */
  dispose(): void {
    this.#end(new SandboxError('Canceled', 'The host of the containers is not used any more'));
    this.#writer.close().catch(() => {});
    this.#process.kill('SIGKILL');
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#process.stdout, maxLineBytes)) this.#hear(parseLine(line));
  }

  #hear(message: Readonly<Record<string, unknown>>): void {
    const { id } = message;
    if (typeof id !== 'number') {
      const event = parseRuntimeEvent(message);
      if (event && !this.#ended) this.#events.fire(event);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (isFields(message['error'])) waiting?.reject(toError(message['error']));
    else waiting?.resolve(message['result']);
  }

  #end(error: SandboxError): SandboxError {
    if (this.#ended) return this.#ended;
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#events.dispose();
    return error;
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    return fields(JSON.parse(line));
  } catch {
    throw new SandboxError('DataLoss', `The container runtime said what is no answer: ${line.slice(0, 200)}`);
  }
}

function toError({ code, message }: Readonly<Record<string, unknown>>): SandboxError {
  const known = typeof code === 'string' && codes.has(code) ? (code as ErrorCode) : 'Internal';
  return new SandboxError(known, String(message));
}

async function complaintOf({ stderr }: Pick<Process, 'stderr'>): Promise<string> {
  let text = '';
  try {
    for await (const line of linesOf(stderr, maxLineBytes)) if (text.length < maxComplaint) text += `${line}\n`;
  } catch {
    // The machine ended, which `exited` says too.
  }
  return text.slice(0, maxComplaint).trim();
}
