import { computed, type ReadonlySignal, signal } from '@preact/signals-core';
import type { ContainerInspect, ContainerSummary, ContainerTop } from '../../api/container';
import type { ContainerEngine } from '../../api/container-engine';
import type { ContainerChange } from '../../api/container-host';
import type { ContainerKernel } from '../../api/container-kernel';
import type { Operation } from '../../api/operation';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { type Disposable, toDisposable } from '../../base/lifecycle';
import type { LabAction } from '../../engine/instance-record';
import type { Lab } from '../../engine/lab';
import type { TaskId } from '../../engine/tasks';
import { containerText } from '../text/containers';
import type { ContainerAction } from './container-actions';
import { containerName, previewName, publishedPorts } from './container-actions';
import { type ContainerFigures, containerFigures } from './container-figures';
import { type ContainerSeries, extendContainerSeries } from './container-series';
import { createBody, type RunWish } from './run-wish';

export interface ContainerShelfOptions {
  readonly engine: ContainerEngine;
  readonly lab: Pick<Lab, 'tasks'>;
  /** Brings an image that is not here. */
  readonly pull: (image: string, operation: Operation) => Promise<void>;
}

/** What the lab calls an action in its list of tasks. */
const taskKinds: Readonly<Record<ContainerAction, LabAction>> = {
  start: 'start',
  stop: 'stop',
  restart: 'reset',
  kill: 'kill',
  pause: 'pause',
  unpause: 'resume',
  remove: 'remove',
};

/** The containers as the page shows them: signals that follow the engine's events, and what can be done with them. */
export class ContainerShelf {
  readonly engine: ContainerEngine;
  readonly #options: ContainerShelfOptions;
  readonly #containers = signal<readonly ContainerSummary[]>([]);
  readonly #series = signal<ReadonlyMap<string, ContainerSeries>>(new Map());
  /** Readings that go on, by container. */
  readonly #readings = new Map<string, AbortController>();
  #watchers = 0;

  constructor(options: ContainerShelfOptions) {
    this.#options = options;
    this.engine = options.engine;
    options.engine.changed((containers) => this.#show(containers));
  }

  /** Reads the list; what it says of times ("Up 2 minutes") goes on only so. */
  async refresh(): Promise<void> {
    this.#show(await this.engine.containers.list({ all: true }));
  }

  /** All, newest first. */
  get containers(): ReadonlySignal<readonly ContainerSummary[]> {
    return this.#containers;
  }
  /** Ports that are published, as their previews go by. */
  readonly published = computed(() =>
    this.#containers.value.flatMap((each) =>
      publishedPorts(each).map(({ inside }) => `${previewName(each)}-${inside}`),
    ),
  );
  /** Of those that run, for as long as somebody watches. */
  get series(): ReadonlySignal<ReadonlyMap<string, ContainerSeries>> {
    return this.#series;
  }

  /** Figures are read once a second while a view shows them. */
  watch(): Disposable {
    this.#watchers += 1;
    this.#follow();
    return toDisposable(() => {
      this.#watchers -= 1;
      this.#follow();
    });
  }

  /**
   * Creates a container and starts it; the image is pulled first when it is not here. `created` resolves with its id
   * before it is started. `InvalidArgument` for a wish that cannot be read.
   */
  run(wish: RunWish): { readonly task: TaskId; readonly created: Promise<string> } {
    const body = createBody(wish);
    const created = createDeferred<string>();
    const spec = { kind: 'start', subject: wish.name || wish.image, cancelable: true } as const;
    const task = this.#options.lab.tasks.run(spec, async (operation) => {
      const { Id } = await this.#create(body, wish, operation);
      created.resolve(Id);
      await this.engine.containers.start(Id, operation);
    });
    task.finished.catch((error: unknown) => created.reject(error));
    return { task: task.id, created: created.promise };
  }

  act(action: ContainerAction, container: ContainerSummary): void {
    const { containers } = this.engine;
    const { Id } = container;
    const works: Readonly<Record<ContainerAction, (operation: Operation) => Promise<unknown>>> = {
      start: (operation) => containers.start(Id, operation),
      stop: () => containers.stop(Id),
      restart: () => containers.restart(Id),
      kill: () => containers.kill(Id),
      pause: () => containers.pause(Id),
      unpause: () => containers.unpause(Id),
      remove: () => containers.remove(Id, { force: true, volumes: true }),
    };
    const task = { kind: taskKinds[action], subject: containerName(container), cancelable: false } as const;
    this.#options.lab.tasks.run(task, (operation) => works[action](operation));
  }

  inspect(id: string): Promise<ContainerInspect> {
    return this.engine.containers.inspect(id, { size: true });
  }

  processes(id: string): Promise<ContainerTop> {
    return this.engine.containers.top(id);
  }

  kernel(id: string): Promise<ContainerKernel> {
    return this.engine.containers.inspectKernel(id);
  }

  changes(id: string): Promise<readonly ContainerChange[]> {
    return this.engine.containers.changes(id);
  }

  async #create(body: ReturnType<typeof createBody>, { image, name }: RunWish, operation: Operation) {
    const options = name === '' ? {} : { name };
    const { containers } = this.engine;
    try {
      return await containers.create(body, options, operation);
    } catch (error) {
      if (!(error instanceof SandboxError) || error.code !== 'NotFound') throw error;
      operation.onProgress?.({ phase: containerText.pulling(image) });
      await this.#options.pull(image, operation);
      return containers.create(body, options, operation);
    }
  }

  #show(containers: readonly ContainerSummary[]): void {
    this.#containers.value = containers;
    this.#follow();
  }

  /** Reads the figures of each container that runs, and of no other. */
  #follow(): void {
    const running = this.#containers.value.filter(({ State }) => State === 'running' || State === 'paused');
    const wanted = new Set(this.#watchers > 0 ? running.map(({ Id }) => Id) : []);
    for (const [id, reading] of this.#readings) if (!wanted.has(id)) reading.abort();
    for (const id of wanted) if (!this.#readings.has(id)) void this.#read(id);
  }

  async #read(id: string): Promise<void> {
    const reading = new AbortController();
    this.#readings.set(id, reading);
    try {
      const stats = (await this.engine.containers.stats(id)).getReader();
      const cancel = (): void => void stats.cancel().catch(() => {});
      reading.signal.addEventListener('abort', cancel, { once: true });
      if (reading.signal.aborted) cancel();
      for (;;) {
        const { done, value } = await stats.read();
        if (done) break;
        this.#extend(id, containerFigures(value));
      }
    } catch {
      // It has ended meanwhile, or its host has: the list tells.
    } finally {
      this.#readings.delete(id);
      this.#forget(id);
    }
  }

  #extend(id: string, now: ContainerFigures): void {
    const next = extendContainerSeries(this.#series.value.get(id), now);
    this.#series.value = new Map(this.#series.value).set(id, next);
  }

  #forget(id: string): void {
    const series = new Map(this.#series.value);
    if (series.delete(id)) this.#series.value = series;
  }
}
