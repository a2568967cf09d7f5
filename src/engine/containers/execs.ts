import type { EngineExecs } from '../../api/container-engine';
import type { ExecCreateBody, ExecInspect } from '../../api/container-exec';
import type { ContainerHost } from '../../api/container-host';
import type { AttachedStreams } from '../../api/container-streams';
import type { Process, TerminalSize } from '../../api/instance';
import type { OciProcess } from '../../api/oci-runtime';
import { toHex } from '../../base/bytes';
import { SandboxError, toSandboxError } from '../../base/errors';
import { refuseInUnikernel } from '../../runtime/unikernel/refuse-in-unikernel';
import { type ContainerBook, type ContainerEntry, requireStarted } from './container-book';
import { capabilitiesOf, environment, rlimitsOf, securityOptions } from './container-spec';
import { resolveUser, type UserDatabase } from './container-user';
import { mergeEnv } from './merge-config';
import { execFailure } from './start-failure';
import { StreamHub } from './stream-hub';

/** Docker forgets those that have ended after five minutes; here the oldest go when there are so many. */
const rememberedExecs = 512;
/** Of one whose container's host has ended. */
const lostExitCode = 137;

interface Exec {
  readonly id: string;
  readonly entry: ContainerEntry;
  readonly body: ExecCreateBody;
  readonly command: readonly string[];
  readonly untold: boolean;
  started: boolean;
  process?: Process;
  size?: TerminalSize;
  exitCode?: number;
}

export interface ExecsOptions {
  readonly book: ContainerBook;
  readonly users: (entry: ContainerEntry, host: ContainerHost) => Promise<UserDatabase>;
  /** See `Lifecycle.settled`. */
  readonly settled: (entry: ContainerEntry) => Promise<ContainerEntry>;
  readonly event: (
    entry: ContainerEntry,
    action: string,
    attributes: Readonly<Record<string, string>>,
    by?: { readonly ofHealthCheck: boolean },
  ) => void;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Further processes in running containers. */
export class Execs implements EngineExecs {
  readonly #options: ExecsOptions;
  readonly #execs = new Map<string, Exec>();

  constructor(options: ExecsOptions) {
    this.#options = options;
  }

  async create(
    container: string,
    body: ExecCreateBody,
    { untold = false }: { readonly untold?: boolean } = {},
  ): Promise<{ readonly Id: string }> {
    const { book, randomBytes, settled } = this.#options;
    const entry = await settled(book.find(container));
    requireUnpaused(entry);
    // Before there is a stream, in which clients do not look for why.
    if (entry.stored.image.unikernel) await refuseInUnikernel('exec')();
    const command = body.Cmd ?? [];
    if (command.length === 0) throw new SandboxError('InvalidArgument', 'No exec command specified');
    const id = toHex(randomBytes(32));
    this.#forgetOld();
    const exec: Exec = { id, entry, body, command, untold, started: false, ...sizeOf(body.ConsoleSize) };
    this.#execs.set(id, exec);
    this.#tell(exec, `exec_create: ${command.join(' ')}`);
    return { Id: id };
  }

  async start(
    id: string,
    { detach, terminal }: { readonly detach: boolean; readonly terminal?: TerminalSize },
  ): Promise<AttachedStreams> {
    const exec = this.#get(id);
    const { body, entry, command } = exec;
    if (exec.started) {
      const state = exec.exitCode === undefined ? 'is already running' : 'has already run';
      throw new SandboxError('FailedPrecondition', `Error: Exec command ${id} ${state}`);
    }
    requireUnpaused(entry);
    exec.started = true;
    const tty = body.Tty ?? false;
    const hub = new StreamHub({
      tty,
      openStdin: !detach && (body.AttachStdin ?? false),
      stdinOnce: true,
      record: () => undefined,
    });
    const streams = hub.attach(
      {
        stream: !detach,
        stdin: body.AttachStdin ?? false,
        stdout: tty || (body.AttachStdout ?? false),
        stderr: !tty && (body.AttachStderr ?? false),
      },
      true,
      undefined,
    );
    this.#tell(exec, `exec_start: ${command.join(' ')}`);
    const size = terminal ?? exec.size ?? { rows: 24, columns: 80 };
    try {
      exec.process = await this.#run(entry, body, command, size);
    } catch (error) {
      const failure = execFailure(toSandboxError(error));
      exec.exitCode = failure.code;
      await streams.output.cancel();
      throw failure.error;
    }
    void this.#watch(exec, exec.process, hub);
    return { ...streams, detached: () => this.#tell(exec, 'exec_detach') };
  }

  async resize(id: string, size: TerminalSize): Promise<void> {
    const exec = this.#get(id);
    exec.size = size;
    exec.process?.resize(size);
  }

  async inspect(id: string): Promise<ExecInspect> {
    const { entry, body, command, started, exitCode } = this.#get(id);
    const [entrypoint = '', ...rest] = command;
    return {
      ID: id,
      Running: started && exitCode === undefined,
      ExitCode: exitCode ?? null,
      ProcessConfig: {
        tty: body.Tty ?? false,
        entrypoint,
        arguments: rest,
        privileged: body.Privileged ?? false,
        ...(body.User && { user: body.User }),
      },
      OpenStdin: body.AttachStdin ?? false,
      OpenStderr: body.AttachStderr ?? false,
      OpenStdout: body.AttachStdout ?? false,
      CanRemove: exitCode !== undefined,
      ContainerID: entry.id,
      DetachKeys: body.DetachKeys ?? '',
      Pid: 0,
    };
  }

  /** Ids of those that run in a container; null without any, as docker shows it. */
  idsOf(entry: ContainerEntry): readonly string[] | null {
    const ids = [...this.#execs.values()].filter(
      (exec) => exec.entry === entry && exec.started && exec.exitCode === undefined,
    );
    return ids.length > 0 ? ids.map(({ id }) => id) : null;
  }

  /** A command of the engine's own: a health check. It is told of like any other. */
  async probe(entry: ContainerEntry, argv: readonly string[]): Promise<Process> {
    const execID = toHex(this.#options.randomBytes(32));
    const tell = (action: string, more: Readonly<Record<string, string>> = {}): void =>
      this.#options.event(entry, action, { execID, ...more }, { ofHealthCheck: true });
    for (const action of ['exec_create', 'exec_start']) tell(`${action}: ${argv.join(' ')}`);
    const process = await this.#run(entry, {}, argv, { rows: 24, columns: 80 });
    const died = (code: number): void => tell('exec_die', { exitCode: String(code) });
    void process.exited.then(died, () => died(lostExitCode));
    return process;
  }

  async #run(
    entry: ContainerEntry,
    body: ExecCreateBody,
    command: readonly string[],
    size: TerminalSize,
  ): Promise<Process> {
    const { host } = requireUnpaused(entry);
    const database = await this.#options.users(entry, host);
    if (body.WorkingDir) await requireDirectory(host, entry, body.WorkingDir);
    return host.exec(entry.id, execProcess(entry, body, command, database), body.Tty ? size : undefined);
  }

  async #watch(exec: Exec, process: Process, hub: StreamHub): Promise<void> {
    const streams = hub.run(process);
    try {
      exec.exitCode = await process.exited;
    } catch {
      exec.exitCode = lostExitCode;
    }
    await streams;
    hub.end();
    this.#tell(exec, 'exec_die', { exitCode: String(exec.exitCode) });
  }

  #tell(
    { entry, id, untold }: Pick<Exec, 'entry' | 'id' | 'untold'>,
    action: string,
    more: Readonly<Record<string, string>> = {},
  ): void {
    if (!untold) this.#options.event(entry, action, { execID: id, ...more });
  }

  #get(id: string): Exec {
    const found = this.#execs.get(id);
    if (found) return found;
    throw new SandboxError('NotFound', `No such exec instance: ${id}`);
  }

  #forgetOld(): void {
    for (const [id, { exitCode }] of this.#execs) {
      if (this.#execs.size < rememberedExecs) return;
      if (exitCode !== undefined) this.#execs.delete(id);
    }
  }
}

/** What the runtime is told to run. */
function execProcess(
  { stored }: ContainerEntry,
  { User, Env, WorkingDir, Tty, Privileged }: ExecCreateBody,
  args: readonly string[],
  database: UserDatabase,
): OciProcess {
  const who = resolveUser(User || stored.config.User || '', database, User ? [] : (stored.host.GroupAdd ?? []));
  return {
    terminal: Tty ?? false,
    user: who.user,
    args,
    env: mergeEnv(environment(stored, who, Tty ?? false), Env ?? []),
    cwd: WorkingDir || stored.config.WorkingDir || '/',
    capabilities: capabilitiesOf(stored, who, Privileged || stored.host.Privileged || false),
    rlimits: rlimitsOf(stored),
    noNewPrivileges: securityOptions(stored).noNewPrivileges,
    ...(stored.host.OomScoreAdj !== undefined && { oomScoreAdj: stored.host.OomScoreAdj }),
  };
}

/** Looks before: the runtime makes a working directory that is not there, as it has to for a container's own. */
async function requireDirectory(host: ContainerHost, { id }: ContainerEntry, path: string): Promise<void> {
  if (!path.startsWith('/')) throw outOf('Cwd must be an absolute path', 126);
  await host.statPath(id, `${path}/.`).catch((error: unknown) => {
    const { code } = toSandboxError(error);
    if (code !== 'NotFound' && code !== 'InvalidArgument') throw error;
    const why = code === 'NotFound' ? 'no such file or directory' : 'not a directory';
    throw outOf(`chdir to cwd ("${path}") set in config.json failed: ${why}`, 127);
  });
}

function outOf(message: string, exitCode: number): SandboxError {
  return new SandboxError('InvalidArgument', message, { details: { exitCode } });
}

function requireUnpaused(entry: ContainerEntry) {
  const run = requireStarted(entry);
  if (entry.stored.state.status !== 'paused') return run;
  const message = `Container ${entry.stored.name} is paused, unpause the container before exec`;
  throw new SandboxError('FailedPrecondition', message);
}

function sizeOf([rows, columns]: readonly number[] = []): { readonly size?: TerminalSize } {
  return rows && columns ? { size: { rows, columns } } : {};
}
