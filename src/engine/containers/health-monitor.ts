import type { ContainerHealth } from '../../api/container';
import type { Process } from '../../api/instance';
import type { Clock } from '../../base/clock';
import { createDeferred } from '../../base/deferred';
import { toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { chunksOf } from '../../base/streams';
import { afterProbe, type HealthPlan, nextProbe, startingHealth } from './health-state';
import { nanoTime } from './log-text';

/** What is kept of what a probe says, bytes. Docker's. */
const outputBytes = 4096;

export interface HealthMonitorOptions {
  readonly plan: HealthPlan;
  readonly clock: Clock;
  readonly startedAt: number;
  /** Runs the check in the container. */
  readonly probe: (argv: readonly string[]) => Promise<Process>;
  readonly changed: (health: ContainerHealth, before: ContainerHealth) => void;
}

/** Asks a running container again and again how it is. */
export class HealthMonitor implements Disposable {
  readonly #options: HealthMonitorOptions;
  #health = startingHealth;
  #timer: Disposable | undefined;
  #ended = false;

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#schedule();
  }

  get health(): ContainerHealth {
    return this.#health;
  }

  dispose(): void {
    this.#ended = true;
    this.#timer?.dispose();
  }

  #schedule(): void {
    if (this.#ended) return;
    const { clock, plan } = this.#options;
    this.#timer = clock.after(nextProbe(this.#health, plan, this.#ranMs()), () => void this.#round());
  }

  #ranMs(): number {
    return this.#options.clock.now() - this.#options.startedAt;
  }

  async #round(): Promise<void> {
    const { clock, plan, changed } = this.#options;
    const start = clock.now();
    const { code, output } = await this.#probe();
    if (this.#ended) return;
    const probe = { Start: nanoTime(start), End: nanoTime(clock.now()), ExitCode: code, Output: output };
    const before = this.#health;
    this.#health = afterProbe(before, probe, plan, this.#ranMs());
    changed(this.#health, before);
    this.#schedule();
  }

  async #probe(): Promise<{ readonly code: number; readonly output: string }> {
    const { clock, plan, probe } = this.#options;
    let process: Process;
    try {
      process = await probe(plan.argv);
    } catch (error) {
      return { code: -1, output: toSandboxError(error).message };
    }
    process.stdin.close().catch(() => undefined);
    const late = createDeferred<'late'>();
    const timer = clock.after(plan.timeoutMs, () => late.resolve('late'));
    const said = Promise.all([beginningOf(process.stdout), beginningOf(process.stderr)]);
    try {
      const code = await Promise.race([process.exited, late.promise]);
      if (code === 'late') {
        process.kill('SIGKILL');
        return { code: -1, output: `Health check exceeded timeout (${plan.timeoutMs / 1000}s)` };
      }
      const [stdout, stderr] = await said;
      return { code, output: (stdout + stderr).slice(0, outputBytes) };
    } catch (error) {
      return { code: -1, output: toSandboxError(error).message };
    } finally {
      timer.dispose();
    }
  }
}

/** Reads to the end, and keeps the beginning. */
async function beginningOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of chunksOf(stream)) {
      if (text.length < outputBytes) text += decoder.decode(bytes, { stream: true });
    }
  } catch {
    // The machine has ended; the process says so.
  }
  return text;
}
