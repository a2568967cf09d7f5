import type { DiskSpec } from '../api/disk';
import type {
  Instance,
  InstanceAbility,
  InstanceId,
  InstanceSpec,
  InstanceState,
  StartMethod,
  VmSpec,
} from '../api/instance';
import type { Reservation } from '../api/network';
import type { SnapshotId } from '../api/snapshot';
import type { VolumeReference } from '../api/volume';
import type { Disposable } from '../base/lifecycle';
import { isLive } from '../runtime/instance-state';
import type { StoredInstance } from './lab-records';
import type { Lineage } from './snapshots';
import type { TaskId } from './tasks';

/** What is done to an instance; each is run as a task. */
export type LabAction =
  | 'start'
  | 'stop'
  | 'kill'
  | 'pause'
  | 'resume'
  | 'reset'
  | 'remove'
  | 'rename'
  | 'snapshot'
  | 'restore'
  | 'clone'
  | 'migrate'
  /** Brought back as it was before the page was reloaded. */
  | 'recover'
  | 'import'
  /** A scenario, or a lab with all its data. */
  | 'open'
  /** The lab, to a file. */
  | 'save'
  /** Of images. */
  | 'load'
  | 'pull';

/** What is known of an instance on demand since it was started by hand, or the page was opened. */
export interface Demand {
  /** It does not run, and does as soon as somebody wants something of it. */
  readonly asleep: boolean;
  readonly wakes: number;
  /** From the packet that woke it the last time to its running, milliseconds. */
  readonly lastWakeMs?: number;
}

/** What anyone may know of an instance; each change makes a new record. */
export interface InstanceRecord {
  readonly id: InstanceId;
  readonly name: string;
  readonly spec: InstanceSpec;
  /** What can be done with it beside starting and stopping it. */
  readonly abilities: ReadonlySet<InstanceAbility>;
  readonly state: InstanceState;
  /** Its addresses, in the order of its NICs. */
  readonly nics: readonly Reservation[];
  /** Ports of it that are published to the page, ascending. */
  readonly ports: readonly number[];
  /** The snapshot that its present state descends from. */
  readonly snapshot?: SnapshotId;
  readonly startMethod?: StartMethod;
  /** Why it did not start the fast way, in plain words. */
  readonly startNote?: string;
  /** Of an instance on demand that has been started; one that has been stopped is not woken. */
  readonly demand?: Demand;
  /** When the machine last began to run, milliseconds since the epoch; pauses do not count anew. */
  readonly runningSince?: number;
  /** The task that works on it now. */
  readonly task?: { readonly id: TaskId; readonly action: LabAction };
}

/** A spec in which the name may be left to the lab. */
export type InstanceDraft = DraftOf<InstanceSpec>;

export type VmDraft = DraftOf<VmSpec>;

/** For each kind its own: what one has another has not. */
type DraftOf<Spec> = Spec extends VmSpec
  ? Omit<Spec, 'name' | 'disks'> & { readonly name?: string; readonly disks?: readonly VmDiskDraft[] }
  : Spec extends InstanceSpec
    ? Omit<Spec, 'name'> & { readonly name?: string }
    : never;

export type VmDiskDraft = DiskSpec | VolumeReference;

/** A machine whose disks come with it, none of them a volume. */
export type LaunchDraft = Omit<VmDraft, 'disks'> & { readonly disks?: readonly DiskSpec[] };

/** An instance with what the lab keeps about it. */
export interface Entry {
  readonly instance: Instance;
  readonly abilities: ReadonlySet<InstanceAbility>;
  readonly stateListener: Disposable;
  stored: StoredInstance;
  /** What the running machine's memory descends from. */
  lineage: Lineage;
  runningSince?: number;
  task?: { readonly id: TaskId; readonly action: LabAction };
  /** Set while the lab works on it unasked (saves, wakes it, lets it sleep); whoever wants to change it waits for that. */
  unasked?: Promise<void>;
  demand?: Omit<Demand, 'asleep'>;
}

export function toRecord(entry: Entry, nics: readonly Reservation[]): InstanceRecord {
  const { id, spec, state, startMethod, startNote } = entry.instance;
  const { runningSince, task, stored, abilities, demand } = entry;
  return {
    id,
    name: spec.name,
    spec,
    abilities,
    state,
    nics,
    ports: stored.ports ?? [],
    ...(stored.snapshot === undefined ? {} : { snapshot: stored.snapshot }),
    ...(startMethod === undefined ? {} : { startMethod }),
    ...(startNote === undefined ? {} : { startNote }),
    ...(demand && { demand: { ...demand, asleep: !isLive(state.phase) } }),
    ...(runningSince === undefined ? {} : { runningSince }),
    ...(task === undefined ? {} : { task }),
  };
}
