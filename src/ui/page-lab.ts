import type { Lab } from '../engine/lab';

/** What the page needs of a lab. */
export type PageLab = Pick<
  Lab,
  | 'tasks'
  | 'changes'
  | 'stats'
  | 'list'
  | 'instance'
  | 'create'
  | 'createFromImage'
  | 'start'
  | 'stop'
  | 'kill'
  | 'pause'
  | 'resume'
  | 'reset'
  | 'remove'
  | 'rename'
  | 'migrate'
  | 'snapshot'
  | 'restoreSnapshot'
  | 'clone'
  | 'snapshots'
  | 'snapshotChanges'
  | 'describeSnapshot'
  | 'deleteSnapshot'
  | 'networks'
  | 'networkChanges'
  | 'networkStatus'
  | 'networkProblem'
  | 'createNetwork'
  | 'removeNetwork'
  | 'exportSnapshot'
  | 'importSnapshot'
  | 'volumes'
  | 'importVolume'
  | 'hosts'
  | 'unikernels'
  | 'unikernelDevices'
  | 'launchMachine'
  | 'hasDiskFile'
  | 'bringModule'
  | 'bringAppFile'
  | 'setEgress'
  | 'egressProblem'
  | 'setEngineApi'
  | 'publish'
  | 'unpublish'
  | 'connect'
  | 'folders'
  | 'containers'
  | 'layout'
  | 'wire'
>;

/** Which tab runs the machines; see {@link PageLab}. */
export interface Ownership {
  /** `other`: another tab does. `lost`: it has taken them from this one. `free`: it has ended since. */
  readonly state: 'owner' | 'other' | 'lost' | 'free';
  /** Asks for the machines. */
  readonly takeOver?: () => void;
}
