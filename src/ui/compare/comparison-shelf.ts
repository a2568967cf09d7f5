import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { InstanceId } from '../../api/instance';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { toSandboxError } from '../../base/errors';
import type { DeviceComparison, DeviceFigures, DeviceKind, DeviceStep } from '../../engine/compare/compare-devices';
import type { ComparisonStep, ServiceComparison, ServiceFigures } from '../../engine/compare/compare-services';
import type { Form } from '../../engine/compare/form';
import type { Settings } from '../settings';
import { parseComparison } from './kept-comparison';

/** What the shelf lets run. */
export interface ComparisonRuns {
  services(watch: Pick<ServiceComparison, 'onStep' | 'onFigures'>, operation: Operation): Promise<void>;
  devices(watch: Pick<DeviceComparison, 'onStep' | 'onFigures'>, operation: Operation): Promise<void>;
  /** Instances that have the names of what either starts. */
  there(): readonly InstanceId[];
  /** Takes them away, with what is in them. */
  remove(): Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  /** Where the figures are kept over visits. */
  readonly memory: Pick<Settings, 'recall' | 'keep'>;
}

/** What it is kept under. */
const keptName = 'comparison';

export type ComparisonKind = 'services' | 'devices';

/** What is at work now. */
export type ComparisonWork =
  | { readonly kind: 'services'; readonly step: ComparisonStep | undefined }
  | { readonly kind: 'devices'; readonly step: DeviceStep | undefined }
  | { readonly kind: 'removal' };

/** How the last run of a kind ended. */
export interface ComparisonEnd {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Absent: everything was measured. */
  readonly failure?: 'canceled' | { readonly message: string };
}

/** The comparisons as the page shows them: one at a time, its figures kept until the next of its kind, over visits as well. */
export class ComparisonShelf {
  readonly #runs: ComparisonRuns;
  readonly #work = signal<ComparisonWork | undefined>(undefined);
  readonly #services = signal<ReadonlyMap<Form, ServiceFigures>>(new Map());
  readonly #devices = signal<ReadonlyMap<DeviceKind, DeviceFigures>>(new Map());
  readonly #ends = signal<ReadonlyMap<ComparisonKind, ComparisonEnd>>(new Map());
  readonly #started = signal<ReadonlySet<InstanceId>>(new Set());
  #abort = new AbortController();

  constructor(runs: ComparisonRuns) {
    this.#runs = runs;
    const kept = parseComparison(runs.memory.recall(keptName));
    if (!kept) return;
    this.#services.value = new Map(kept.services.map((each) => [each.form, each]));
    this.#devices.value = new Map(kept.devices.map((each) => [each.devices, each]));
    this.#ends.value = new Map(kept.ends);
    this.#started.value = new Set(kept.started);
  }

  get work(): ReadonlySignal<ComparisonWork | undefined> {
    return this.#work;
  }
  get services(): ReadonlySignal<ReadonlyMap<Form, ServiceFigures>> {
    return this.#services;
  }
  get devices(): ReadonlySignal<ReadonlyMap<DeviceKind, DeviceFigures>> {
    return this.#devices;
  }
  get ends(): ReadonlySignal<ReadonlyMap<ComparisonKind, ComparisonEnd>> {
    return this.#ends;
  }

  /**
   * What the last run has started and left, in this page or before it was loaded, by ids, which nothing else gets. All else that
   * has such a name is somebody's: no run begins over it.
   */
  get started(): ReadonlySignal<ReadonlySet<InstanceId>> {
    return this.#started;
  }

  /**
   * Settles with the run; how it went is in {@link ends}. Nothing happens while another is at work, or while something that no
   * run has {@link started} has one of its names.
   */
  async compareServices(): Promise<void> {
    await this.#run({ kind: 'services', step: undefined }, this.#services, (operation) =>
      this.#runs.services(
        {
          onStep: (step) => this.#show({ kind: 'services', step }),
          onFigures: (figures) => {
            this.#services.value = new Map(this.#services.value).set(figures.form, figures);
          },
        },
        operation,
      ),
    );
  }

  /** As {@link compareServices}. */
  async compareDevices(): Promise<void> {
    await this.#run({ kind: 'devices', step: undefined }, this.#devices, (operation) =>
      this.#runs.devices(
        {
          onStep: (step) => this.#show({ kind: 'devices', step }),
          onFigures: (figures) => {
            this.#devices.value = new Map(this.#devices.value).set(figures.devices, figures);
          },
        },
        operation,
      ),
    );
  }

  /** Ends the run; what it has started is taken away. */
  cancel(): void {
    this.#abort.abort();
  }

  /** Takes away what has the names of the runs, whoever made it. The figures stay. */
  async remove(): Promise<void> {
    if (this.#work.value) return;
    this.#work.value = { kind: 'removal' };
    try {
      await this.#runs.remove();
    } finally {
      this.#work.value = undefined;
    }
  }

  #show(work: ComparisonWork): void {
    this.#work.value = work;
    // Of a page that is closed meanwhile, too: nobody else's had such a name when the run began.
    this.#keep();
  }

  #keep(): void {
    this.#started.value = new Set(this.#runs.there());
    this.#runs.memory.keep(keptName, {
      services: [...this.#services.value.values()],
      devices: [...this.#devices.value.values()],
      ends: [...this.#ends.value],
      started: [...this.#started.value],
    });
  }

  async #run<Key, Figures>(
    work: Exclude<ComparisonWork, { kind: 'removal' }>,
    figures: { value: ReadonlyMap<Key, Figures> },
    run: (operation: Operation) => Promise<void>,
  ): Promise<void> {
    if (this.#work.value || this.#runs.there().some((id) => !this.#started.value.has(id))) return;
    this.#abort = new AbortController();
    const { signal: aborted } = this.#abort;
    this.#work.value = work;
    figures.value = new Map();
    this.#end(work.kind, undefined);
    let failure: ComparisonEnd['failure'];
    try {
      // Of the last run.
      await this.#runs.remove();
      await run({ signal: aborted });
    } catch (error) {
      failure = aborted.aborted ? 'canceled' : { message: toSandboxError(error).message };
      this.#work.value = { kind: 'removal' };
      await this.#runs.remove().catch((cause: unknown) => {
        failure = { message: toSandboxError(cause).message };
      });
    } finally {
      this.#end(work.kind, { at: this.#runs.clock.now(), ...(failure !== undefined && { failure }) });
      this.#keep();
      this.#work.value = undefined;
    }
  }

  #end(kind: ComparisonKind, end: ComparisonEnd | undefined): void {
    const ends = new Map(this.#ends.value);
    if (end) ends.set(kind, end);
    else ends.delete(kind);
    this.#ends.value = ends;
  }
}
