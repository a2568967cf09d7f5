import type { RestartPolicy } from '../../api/container';
import { SandboxError } from '../../base/errors';

/** Times between the end of a container and its next start (moby, restartmanager): 100 ms, doubled up to a minute. */
const firstPauseMs = 100;
const longestPauseMs = 60_000;
/** Who ran so long begins with the first pause again. */
const steadyMs = 10_000;

export interface RestartSituation {
  readonly policy: RestartPolicy;
  readonly exitCode: number;
  /** Restarts of this container by its policy so far. */
  readonly restarts: number;
  /** How long it ran, milliseconds. */
  readonly ranMs: number;
  /** The pause before its last restart; 0 when there was none. */
  readonly lastPauseMs: number;
  /** Somebody stopped it. */
  readonly stopped: boolean;
}

/** Milliseconds until a container that has ended starts again; undefined when it does not. */
export function nextRestart(situation: RestartSituation): number | undefined {
  const { policy, exitCode, restarts, ranMs, lastPauseMs, stopped } = situation;
  if (stopped || !wants(policy, exitCode, restarts)) return undefined;
  if (ranMs >= steadyMs || lastPauseMs === 0) return firstPauseMs;
  return Math.min(2 * lastPauseMs, longestPauseMs);
}

/** Whether a container that ran, or had ended, comes back when its host does: after a reload. */
export function comesBack(policy: RestartPolicy, ran: boolean, stopped: boolean, exitCode: number): boolean {
  if (policy.Name === 'always') return true;
  if (policy.Name === 'unless-stopped') return !stopped;
  return policy.Name === 'on-failure' && ran && exitCode !== 0;
}

function wants({ Name, MaximumRetryCount = 0 }: RestartPolicy, exitCode: number, restarts: number): boolean {
  if (Name === 'always' || Name === 'unless-stopped') return true;
  return Name === 'on-failure' && exitCode !== 0 && (MaximumRetryCount === 0 || restarts < MaximumRetryCount);
}

/** With the name told. `InvalidArgument` in docker's words. */
export function readRestartPolicy(policy: RestartPolicy | undefined, autoRemove: boolean): RestartPolicy {
  const { Name = '', MaximumRetryCount = 0 } = policy ?? {};
  const name = Name === '' ? 'no' : Name;
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (MaximumRetryCount < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
  if (name !== 'on-failure' && MaximumRetryCount > 0) {
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  if (autoRemove && name !== 'no') throw invalid("can't create 'AutoRemove' container with restart policy");
  return { Name: name, MaximumRetryCount };
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
