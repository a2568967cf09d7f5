import type { Instance } from '../api/instance';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import type { InstanceRecord } from '../engine/instance-record';
import type { Lab } from '../engine/lab';
import type { CheckState, ExecResult, InstanceInfo } from '../sdk/protocol';
import type { CallHandlers } from './call-gate';

/** Words of a command at most. */
const wordLimit = 4096;
/** Bytes of each of a program's streams that are kept. */
const outputLimit = 1024 * 1024;
/** Bytes of a file that is read at most. */
const fileLimit = 8 * 1024 * 1024;

export interface EmbeddedLabHome {
  /** Reads a scenario, for the button. `InvalidArgument` says what is wrong with it. */
  offer(scenario: string): Promise<void>;
  /** Begins, or waits for what has begun. */
  run(): Promise<void>;
  /** Undefined before it runs. */
  readonly lab: Pick<Lab, 'list' | 'instance' | 'start' | 'stop'> | undefined;
  checks(): readonly CheckState[];
}

type Given = Readonly<Record<string, unknown>>;

/** What an embedding page can have of a lab. */
export function labCalls(home: EmbeddedLabHome): CallHandlers {
  const lab = (): NonNullable<EmbeddedLabHome['lab']> => {
    if (home.lab) return home.lab;
    throw new SandboxError('FailedPrecondition', 'The lab does not run yet: call run() first');
  };
  const find = (given: Given): InstanceRecord => {
    const name = textOf(given, 'instance');
    const record = lab()
      .list()
      .find((each) => each.name === name);
    if (record) return record;
    const names = lab()
      .list()
      .map((each) => each.name);
    throw new SandboxError('NotFound', `No instance is called "${name}"; there are: ${names.join(', ') || 'none'}`);
  };
  const instance = (given: Given): Instance => lab().instance(find(given).id);
  return {
    offer: async (given) => void (await home.offer(textOf(given, 'scenario'))),
    async run() {
      await home.run();
      return lab().list().map(describeInstance);
    },
    instances: async () => home.lab?.list().map(describeInstance) ?? [],
    exec: (given) => runProgram(instance(given), wordsOf(given, 'argv'), optionalText(given, 'stdin')),
    read: (given) => readFile(instance(given), textOf(given, 'path')),
    write: async (given) => void (await writeFile(instance(given), textOf(given, 'path'), bytesOf(given, 'content'))),
    start: async (given) => void (await lab().start(find(given).id).finished),
    stop: async (given) => void (await lab().stop(find(given).id).finished),
    checks: async () => home.checks(),
  };
}

export function describeInstance({ name, spec, state, nics }: InstanceRecord): InstanceInfo {
  return { name, kind: spec.kind, phase: state.phase, addresses: nics.map(({ address }) => address) };
}

async function runProgram(instance: Instance, argv: readonly string[], stdin = ''): Promise<ExecResult> {
  const process = await instance.exec({ argv });
  const feed = async (): Promise<void> => {
    const writer = process.stdin.getWriter();
    if (stdin !== '') await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  };
  const [stdout, stderr, code] = await Promise.all([
    readWithin(process.stdout, outputLimit),
    readWithin(process.stderr, outputLimit),
    process.exited,
    // A program that ends before it has read everything is no failure.
    feed().catch(() => {}),
  ]);
  return { code, stdout: textFrom(stdout), stderr: textFrom(stderr) };
}

async function readFile(instance: Instance, path: string): Promise<Uint8Array> {
  const process = await instance.exec({ argv: ['cat', '--', path] });
  await process.stdin.close();
  const [content, said, code] = await Promise.all([
    readWithin(process.stdout, fileLimit + 1),
    readWithin(process.stderr, outputLimit),
    process.exited,
  ]);
  if (code !== 0) throw new SandboxError('NotFound', textFrom(said).trim() || `${path} cannot be read`);
  if (content.length > fileLimit) {
    throw new SandboxError(
      'ResourceExhausted',
      `${path} has more than ${fileLimit} bytes, the most that is read at once`,
    );
  }
  return content;
}

/** A neighbour of the file is written and takes its place, so that nobody sees half of it. */
async function writeFile(instance: Instance, path: string, content: Uint8Array): Promise<void> {
  const script = 'cat > "$1.strata-new" && mv -f "$1.strata-new" "$1"';
  const process = await instance.exec({ argv: ['/bin/sh', '-c', script, 'sh', path] });
  const feed = async (): Promise<void> => {
    const writer = process.stdin.getWriter();
    await writer.write(content);
    await writer.close();
  };
  const [said, , code] = await Promise.all([
    readWithin(process.stderr, outputLimit),
    readWithin(process.stdout, outputLimit),
    process.exited,
    feed().catch(() => {}),
  ]);
  if (code !== 0) throw new SandboxError('FailedPrecondition', textFrom(said).trim() || `${path} cannot be written`);
}

/** The rest is read and forgotten, so that who writes goes on. */
async function readWithin(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunksOf(stream)) {
    const room = part.subarray(0, Math.max(0, limit - length));
    if (room.length > 0) parts.push(room);
    length += room.length;
  }
  return concatBytes(parts);
}

function textFrom(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function textOf(given: Given, name: string): string {
  const value = optionalText(given, name);
  if (value === undefined) throw wrong(name, 'a text');
  return value;
}

function optionalText(given: Given, name: string): string | undefined {
  const value = own(given, name);
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name, 'a text');
}

function wordsOf(given: Given, name: string): readonly string[] {
  const value = own(given, name);
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= wordLimit &&
    value.every((word) => typeof word === 'string')
  )
    return value;
  throw wrong(name, 'a list of words');
}

function bytesOf(given: Given, name: string): Uint8Array {
  const value = own(given, name);
  if (value instanceof Uint8Array) return value;
  throw wrong(name, 'a Uint8Array');
}

function own(given: Given, name: string): unknown {
  return Object.hasOwn(given, name) ? given[name] : undefined;
}

function wrong(name: string, what: string): SandboxError {
  return new SandboxError('InvalidArgument', `"${name}" is not ${what}`);
}
