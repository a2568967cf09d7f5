import type { ContainerHealth, HealthConfig, HealthLog } from '../../api/container';

const nanosecondsPerMs = 1e6;
const shown = 5;

/** A health check told in full; times in milliseconds. */
export interface HealthPlan {
  readonly argv: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** Undefined: there is none. The usual times are docker's. */
export function healthPlan(config: HealthConfig | undefined, shell: readonly string[]): HealthPlan | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  if (!config || kind === undefined || kind === 'NONE') return undefined;
  const argv = kind === 'CMD-SHELL' ? [...shell, rest.join(' ')] : kind === 'CMD' ? rest : [kind, ...rest];
  if (argv.length === 0) return undefined;
  const ms = (value: number | undefined, usual: number): number => (value ? value / nanosecondsPerMs : usual);
  return {
    argv,
    intervalMs: ms(config.Interval, 30_000),
    timeoutMs: ms(config.Timeout, 30_000),
    startPeriodMs: ms(config.StartPeriod, 0),
    startIntervalMs: ms(config.StartInterval, 5000),
    retries: config.Retries || 3,
  };
}

export const startingHealth: ContainerHealth = { Status: 'starting', FailingStreak: 0, Log: [] };

/**
 * The health after a probe (moby, daemon/health.go): one that is well makes it healthy; one that is not counts, unless the
 * container is still starting within its start period.
 */
export function afterProbe(
  health: ContainerHealth,
  probe: HealthLog,
  { retries, startPeriodMs }: HealthPlan,
  ranMs: number,
): ContainerHealth {
  const Log = [...health.Log, probe].slice(-shown);
  if (probe.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  if (health.Status === 'starting' && ranMs < startPeriodMs) return { ...health, Log };
  const FailingStreak = health.FailingStreak + 1;
  return { Status: FailingStreak >= retries ? 'unhealthy' : health.Status, FailingStreak, Log };
}

/** Milliseconds until the next probe. */
export function nextProbe(health: ContainerHealth, plan: HealthPlan, ranMs: number): number {
  return health.Status === 'starting' && ranMs < plan.startPeriodMs ? plan.startIntervalMs : plan.intervalMs;
}
