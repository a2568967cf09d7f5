import type { DiskId, DiskStore } from '../../src/api/disk';
import type { InstanceResources } from '../../src/api/instance';
import { systemClock } from '../../src/base/clock';
import type { SandboxError } from '../../src/base/errors';
import { Emitter, type Event } from '../../src/base/events';
import { type Disposable, DisposableStore } from '../../src/base/lifecycle';
import { DiskAttachments } from '../../src/engine/disk-attachments';
import { createDiskClient } from '../../src/engine/disk-client';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import type { WorkerHandle } from '../../src/rpc/worker-handle';
import { type StoreEvent, StoreSupervision } from '../../src/storage/store-supervision';

/** A store in a thread of its own that can be killed, with disks that are still there for the next one. */
export class KillableStore implements Disposable {
  readonly disks: DiskStore;
  readonly failures: SandboxError[] = [];
  readonly #attachments: DiskAttachments;
  readonly #disposables = new DisposableStore();
  readonly #supervision: StoreSupervision;
  #worker: WorkerHandle | undefined;
  #lost = 0;

  /** `journal` is the path of the file that keeps the disks. */
  constructor(journal: string) {
    process.env['STRATA_TEST_DISKS'] = journal;
    const spawn = nodeSpawner(new URL('./store-worker.node.ts', import.meta.url));
    this.#supervision = this.#disposables.add(
      new StoreSupervision({
        spawn: (name) => {
          this.#worker = spawn(name);
          return this.#worker;
        },
        registryUrl: 'file:///nowhere/',
        clock: systemClock,
      }),
    );
    const storeLost = this.#disposables.add(new Emitter<void>());
    this.#supervision.events(({ kind }) => {
      if (kind !== 'lost') return;
      this.#lost += 1;
      storeLost.fire();
    });
    this.disks = createDiskClient(this.#supervision.remote);
    this.#attachments = this.#disposables.add(
      new DiskAttachments({
        disks: this.disks,
        storeLost: storeLost.event,
        clock: systemClock,
        randomId: () => crypto.randomUUID(),
        failed: (error) => this.failures.push(error),
      }),
    );
  }

  get events(): Event<StoreEvent> {
    return this.#supervision.events;
  }

  get deaths(): number {
    return this.#lost;
  }

  resources(...disks: readonly DiskId[]): InstanceResources {
    return {
      attachNics: async () => [],
      openDisks: () => this.#attachments.attach(disks),
      hosts: () => '127.0.0.1\tlocalhost\n',
    };
  }

  /** As the system kills a process: at once, whatever it is at. */
  kill(): void {
    this.#worker?.terminate();
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#worker?.terminate();
  }
}
