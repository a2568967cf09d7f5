import type { HostChoice } from '../api/placement';
import { SandboxError } from '../base/errors';
import { type HostShape, maxNics } from './host-draft';
import type { InstanceRecord } from './instance-record';
import { defaultNetwork } from './networks';

/** A host that is going to run, and how it was come to. */
export interface ComingHost {
  readonly record: InstanceRecord;
  readonly choice: HostChoice;
}

/** Hosts that are being made: whoever wants one like it meanwhile waits for it. */
export class NewHosts {
  readonly #create: (shape: HostShape) => Promise<InstanceRecord>;
  /** By the networks that they have from the beginning. */
  readonly #making = new Map<string, Promise<InstanceRecord>>();

  constructor(create: (shape: HostShape) => Promise<InstanceRecord>) {
    this.#create = create;
  }

  /** It is put on networks as containers need them; only one that is to be on as many as it can has them from the beginning. */
  async makeOn(networks: readonly string[]): Promise<ComingHost> {
    if (networks.length > maxNics) {
      const message = `A host can be on ${maxNics} networks, not on ${networks.length}: ${networks.join(', ')}`;
      throw new SandboxError('InvalidArgument', message);
    }
    const on = networks.length === maxNics ? networks : [defaultNetwork.name];
    const key = [...on].sort().join(' ');
    const known = this.#making.get(key);
    if (known) return { record: await known, choice: { kind: 'awaited' } };
    const making = this.#create({ networks: on }).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return { record: await making, choice: { kind: 'made' } };
  }
}

/** One that is there and is not ready: somebody else is starting it, or whoever asks now does. */
export function comingHost(record: InstanceRecord): ComingHost {
  const { task, state } = record;
  const isComing = task
    ? task.action === 'start' || task.action === 'resume'
    : state.phase === 'starting' || state.phase === 'running';
  return { record, choice: { kind: isComing ? 'awaited' : 'started' } };
}
