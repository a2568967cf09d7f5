import type { ContainerExit, ContainerHost, ContainerHosts, ContainerId, HostNews } from '../../api/container-host';
import type { Clock } from '../../base/clock';
import { createDeferred, type Deferred } from '../../base/deferred';
import { SandboxError, toSandboxError } from '../../base/errors';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import type { ContainerBook, ContainerEntry } from './container-book';

export interface HostWatchOptions {
  readonly book: ContainerBook;
  readonly hosts: ContainerHosts;
  /** What runs unikernels: always there, as it is no machine that could end. */
  readonly unikernelHost: ContainerHost;
  readonly clock: Clock;
  /** What went wrong by itself: nobody had asked for anything. */
  readonly failed: (error: SandboxError) => void;
}

/** What hosts tell of the containers that they run: their process ids, and how they ended. */
export class HostWatch implements Disposable {
  readonly #options: HostWatchOptions;
  readonly #disposables = new DisposableStore();
  readonly #listeners = new Map<ContainerHost, Disposable>();
  readonly #exits = new Map<ContainerId, Deferred<ContainerExit>>();
  readonly #pids = new Map<ContainerId, number>();

  constructor(options: HostWatchOptions) {
    this.#options = options;
  }

  open(): void {
    const { hosts, unikernelHost } = this.#options;
    this.#disposables.add(unikernelHost.news((news) => this.#hear(unikernelHost, news)));
    this.#disposables.add(hosts.changed((running) => this.#followHosts(running)));
    this.#followHosts(hosts.hosts);
  }

  dispose(): void {
    this.#disposables.dispose();
    for (const listener of this.#listeners.values()) listener.dispose();
    for (const exit of this.#exits.values()) exit.reject(new SandboxError('Canceled', 'The engine has ended'));
  }

  follow(host: ContainerHost): void {
    if (this.#listeners.has(host) || host === this.#options.unikernelHost || this.#disposables.disposed) return;
    this.#listeners.set(
      host,
      host.news((news) => this.#hear(host, news)),
    );
    this.#endStrays(host);
  }

  /**
   * How a run ends, by what its host says; rejected with the end of the engine. To be asked before it runs: its end may
   * be told sooner than that it has begun, or the engine may end before either. `pid` where it is known already.
   */
  expectExit({ id }: ContainerEntry, pid?: number): Promise<ContainerExit> {
    if (pid === undefined) this.#pids.delete(id);
    else this.#pids.set(id, pid);
    const exit = createDeferred<ContainerExit>();
    exit.promise.catch(() => undefined);
    this.#exits.set(id, exit);
    return exit.promise;
  }

  /** Its end has been dealt with, or it never began. */
  forgetExit({ id }: ContainerEntry): void {
    this.#exits.delete(id);
  }

  /** Undefined as long as its host has not said. */
  pidOf({ id }: ContainerEntry): number | undefined {
    return this.#pids.get(id);
  }

  #followHosts(running: readonly ContainerHost[]): void {
    for (const host of running) this.follow(host);
    for (const [host, listener] of this.#listeners) {
      if (running.includes(host)) continue;
      listener.dispose();
      this.#listeners.delete(host);
      this.#lost(host, `The host ${host.name} has ended`);
    }
  }

  /**
   * A host that went back to an earlier moment runs what has ended or was removed since, which was told. One that is paused is not
   * asked: such a container ends before its next start then.
   */
  #endStrays(host: ContainerHost): void {
    const { book, failed } = this.#options;
    for (const id of host.strays) {
      const status = book.entries().find((each) => each.id === id)?.stored.state.status;
      if (status === 'running' || status === 'paused' || book.hasUnread(id)) continue;
      host.kill(id, 'SIGKILL').catch((error: unknown) => {
        const { code } = toSandboxError(error);
        // It may have ended by itself meanwhile.
        if (host.strays.has(id) && code !== 'FailedPrecondition') failed(toSandboxError(error));
      });
    }
  }

  #hear(host: ContainerHost, news: HostNews): void {
    const { book } = this.#options;
    if (news.kind === 'lost') {
      this.#lost(host, news.reason);
      return;
    }
    const entry = book.entries().find(({ id }) => id === news.id);
    if (!entry) return;
    if (news.kind === 'exited') this.#exits.get(news.id)?.resolve(news.exit);
    else if (news.kind === 'oom') entry.oom = true;
    else {
      this.#pids.set(news.id, news.pid);
      if (entry.run && entry.stored.state.pid !== news.pid) {
        book.setState(entry, { pid: news.pid }).catch((error) => this.#options.failed(toSandboxError(error)));
      }
    }
  }

  /** All that ran on it has ended, with the reason. */
  #lost(host: ContainerHost, reason: string): void {
    for (const entry of this.#options.book.entries()) {
      if (entry.run?.host !== host) continue;
      this.#exits.get(entry.id)?.resolve(lostExit(this.#options.clock.now(), reason));
    }
  }
}

/** The end of what nobody knows the end of. */
export function lostExit(at: number, reason: string): ContainerExit {
  return { code: 255, oomKilled: false, at, error: { code: 'Unavailable', message: reason, details: {} } };
}
