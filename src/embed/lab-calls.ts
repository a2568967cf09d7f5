import { SandboxError } from '../base/errors';
import type { InstanceRecord } from '../engine/instance-record';
import type { Lab } from '../engine/lab';
import { type CheckState, fileLimit, type InstanceInfo } from '../sdk/protocol';
import type { CallHandlers } from './call-gate';
import type { CallTarget } from './call-target';
import { tooLarge } from './kept-output';

/** Words of a command at most. */
const wordLimit = 4096;

export interface EmbeddedLabHome {
  /** Reads a scenario, for the button. `InvalidArgument` says what is wrong with it. */
  offer(scenario: string): Promise<void>;
  /** Settles as what is on offer does. */
  settled(): Promise<void>;
  /** Begins, or waits for what has begun. */
  run(): Promise<void>;
  /** Undefined before it runs. */
  readonly lab: Pick<Lab, 'list' | 'instance' | 'start' | 'stop' | 'containers'> | undefined;
  checks(): readonly CheckState[];
}

type Given = Readonly<Record<string, unknown>>;

/** What an embedding page can have of a lab. */
export function labCalls(home: EmbeddedLabHome): CallHandlers {
  const lab = (): NonNullable<EmbeddedLabHome['lab']> => {
    if (home.lab) return home.lab;
    throw new SandboxError('FailedPrecondition', 'The lab does not run yet: call run() first');
  };
  const target = (given: Given): Promise<CallTarget> => findTarget(lab(), textOf(given, 'instance'));
  return {
    offer: async (given) => void (await home.offer(textOf(given, 'scenario'))),
    settled: async () => void (await home.settled()),
    async run() {
      await home.run();
      return lab().list().map(describeInstance);
    },
    instances: async () => home.lab?.list().map(describeInstance) ?? [],
    async exec(given) {
      const [argv, stdin] = [wordsOf(given, 'argv'), optionalText(given, 'stdin')];
      return (await target(given)).exec(argv, stdin ?? '');
    },
    async read(given) {
      const path = textOf(given, 'path');
      return (await target(given)).read(path);
    },
    async write(given) {
      const [path, content] = [textOf(given, 'path'), bytesOf(given, 'content')];
      if (content.length > fileLimit) throw tooLarge(path);
      await (await target(given)).write(path, content);
      return undefined;
    },
    async start(given) {
      await (await target(given)).start();
      return undefined;
    },
    async stop(given) {
      await (await target(given)).stop();
      return undefined;
    },
    checks: async () => home.checks(),
  };
}

/** An instance of that name, or else a container; what speaks with either is fetched when it is wanted. */
async function findTarget(lab: NonNullable<EmbeddedLabHome['lab']>, name: string): Promise<CallTarget> {
  const instances = lab.list();
  const record = instances.find((each) => each.name === name);
  if (record) return (await import('./instance-target')).instanceTarget(lab, record.id);
  const engine = await lab.containers();
  const containers = engine.list().flatMap(({ Names }) => Names.map((each) => each.replace(/^\//, '')));
  if (containers.includes(name)) return (await import('./container-target')).containerTarget(engine, name);
  const there = [...instances.map((each) => each.name), ...containers].join(', ');
  throw new SandboxError('NotFound', `No instance or container is called "${name}"; there are: ${there || 'none'}`);
}

export function describeInstance({ name, spec, state, nics }: InstanceRecord): InstanceInfo {
  return { name, kind: spec.kind, phase: state.phase, addresses: nics.map(({ address }) => address) };
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
