import type { Process } from '../../api/instance';
import type { Clock } from '../../base/clock';
import type { ContainerBook, ContainerEntry } from './container-book';
import { HealthMonitor } from './health-monitor';
import { healthPlan } from './health-state';

export interface ContainerHealthOptions {
  readonly book: ContainerBook;
  readonly clock: Clock;
  readonly event: (entry: ContainerEntry, action: string) => void;
  /** Runs a health check. */
  readonly probe: (entry: ContainerEntry, argv: readonly string[]) => Promise<Process>;
}

/** Checks the health of a container that began then, until the monitor is disposed of. Undefined where no check is. */
export function monitorHealth(
  entry: ContainerEntry,
  startedAt: number,
  { book, clock, event, probe }: ContainerHealthOptions,
): HealthMonitor | undefined {
  const { config } = entry.stored;
  const plan = healthPlan(config.Healthcheck, config.Shell ?? ['/bin/sh', '-c']);
  delete entry.health;
  if (!plan) return undefined;
  const monitor = new HealthMonitor({
    plan,
    clock,
    startedAt,
    probe: (argv) => probe(entry, argv),
    changed: (health, before) => {
      entry.health = health;
      if (health.Status === before.Status) return;
      event(entry, `health_status: ${health.Status}`);
      book.touch(entry);
    },
  });
  entry.health = monitor.health;
  return monitor;
}
