import type { InstancePhase } from '../../../api/instance';
import type { LabAction } from '../../../engine/lab';

/** What can be asked of an instance in each phase, the likeliest first. */
export const actionsByPhase: Readonly<Record<InstancePhase, readonly LabAction[]>> = {
  created: ['start', 'remove'],
  starting: ['kill', 'remove'],
  running: ['stop', 'pause', 'reset', 'kill', 'remove'],
  paused: ['resume', 'stop', 'reset', 'kill', 'remove'],
  stopping: ['kill', 'remove'],
  stopped: ['start', 'remove'],
  failed: ['start', 'remove'],
};
