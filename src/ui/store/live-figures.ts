import { batch, type ReadonlySignal, signal } from '@preact/signals-core';
import type { InstanceId } from '../../api/instance';
import { type Clock, every } from '../../base/clock';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle';
import type { InstanceRecord } from '../../engine/instance-record';
import type { NetworkStatus } from '../../engine/networks';
import type { StatReading } from '../../engine/stat-sampler';
import type { PageLab } from '../page-lab';
import { extendSeries, type StatSeries } from '../series';

/** What moves by itself, for as long as the page is watched. */
export class LiveFigures implements Disposable {
  readonly #lab: Pick<PageLab, 'stats' | 'networkStatus'>;
  readonly #instances: ReadonlySignal<readonly InstanceRecord[]>;
  readonly #clock: Clock;
  readonly #stats = signal<ReadonlyMap<InstanceId, StatReading>>(new Map());
  readonly #series = signal<ReadonlyMap<InstanceId, StatSeries>>(new Map());
  readonly #networkStatus = signal<NetworkStatus | undefined>(undefined);
  readonly #now = signal(0);
  #watching: Disposable | undefined;
  #wireWatched: Disposable | undefined;
  #wireWatchers = 0;

  constructor(
    lab: Pick<PageLab, 'stats' | 'networkStatus'>,
    instances: ReadonlySignal<readonly InstanceRecord[]>,
    clock: Clock,
  ) {
    this.#lab = lab;
    this.#instances = instances;
    this.#clock = clock;
    this.#now.value = clock.now();
  }

  get stats(): ReadonlySignal<ReadonlyMap<InstanceId, StatReading>> {
    return this.#stats;
  }

  /** The past minute of each running instance. */
  get series(): ReadonlySignal<ReadonlyMap<InstanceId, StatSeries>> {
    return this.#series;
  }

  /** Undefined until the switch has been asked; see {@link watchWire}. */
  get networkStatus(): ReadonlySignal<NetworkStatus | undefined> {
    return this.#networkStatus;
  }

  /** The time, moving on every second while the page is watched. */
  get now(): ReadonlySignal<number> {
    return this.#now;
  }

  /** Live figures flow only while the page can be seen. */
  setWatched(watched: boolean): void {
    if (watched === (this.#watching !== undefined)) return;
    this.#watching?.dispose();
    this.#watching = undefined;
    if (watched) {
      const watching = new DisposableStore();
      watching.add(this.#lab.stats((reading) => this.#statRead(reading)));
      watching.add(
        every(this.#clock, 1000, () => {
          this.#now.value = this.#clock.now();
        }),
      );
      this.#watching = watching;
    }
    this.#followWire();
  }

  /** Ports and MAC tables are asked for as long as a view shows them and the page can be seen. */
  watchWire(): Disposable {
    this.#wireWatchers += 1;
    this.#followWire();
    return toDisposable(() => {
      this.#wireWatchers -= 1;
      this.#followWire();
    });
  }

  dispose(): void {
    this.#wireWatched?.dispose();
    this.#watching?.dispose();
  }

  #followWire(): void {
    const wanted = this.#wireWatchers > 0 && this.#watching !== undefined;
    if (wanted === (this.#wireWatched !== undefined)) return;
    this.#wireWatched?.dispose();
    this.#wireWatched = wanted
      ? this.#lab.networkStatus((status) => {
          this.#networkStatus.value = status;
        })
      : undefined;
  }

  #statRead(reading: StatReading): void {
    const ids = new Set(this.#instances.value.map((record) => record.id));
    batch(() => {
      this.#stats.value = new Map([...this.#stats.value].filter(([id]) => ids.has(id))).set(reading.id, reading);
      const series = new Map([...this.#series.value].filter(([id]) => ids.has(id)));
      this.#series.value = series.set(reading.id, extendSeries(series.get(reading.id), reading));
    });
  }
}
