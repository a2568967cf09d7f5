import { parseError, SandboxError, serializeError } from '../base/errors';
import { Emitter, type Event } from '../base/events';
import type { Disposable } from '../base/lifecycle';
import type { BrokerToTab, TabId, TabInfo, TabMessage, TabToBroker } from './tab-messages';
import type { SpawnWorker } from './worker-handle';

/** A worker that was started here for another tab. */
export interface StartedWorker {
  readonly failed: Event<SandboxError>;
  terminate(): void;
}

export interface TabHostsOptions {
  /** To the broker. */
  readonly port: MessagePort;
  readonly id: TabId;
  readonly label: string;
  /** Resolves when this tab's lock is held: one that joined before would count as gone. */
  readonly ready: Promise<void>;
  /** Starts a worker of this tab that serves the port, which is another tab's. */
  readonly start: (name: string, port: MessagePort) => StartedWorker;
}

/**
 * The tabs of this origin as hosts for each other's workers. A worker that runs in another tab is a worker like any
 * other here: it has a port, it can fail, and it can be ended.
 */
export class TabHosts implements Disposable {
  readonly #options: TabHostsOptions;
  readonly #changes = new Emitter<readonly TabInfo[]>();
  /** Workers of other tabs that are ours, by name. */
  readonly #abroad = new Map<string, { readonly host: TabId; readonly failed: Emitter<SandboxError> }>();
  /** Workers of this tab that are others', by name, and whose. */
  readonly #guests = new Map<string, { readonly owner: TabId; readonly worker: StartedWorker }>();
  #others: readonly TabInfo[] = [];
  #hosting = false;

  constructor(options: TabHostsOptions) {
    this.#options = options;
    options.port.onmessage = ({ data, ports }: MessageEvent<BrokerToTab>) => {
      if (data.type === 'tabs') this.#tabsChanged(data.tabs);
      else this.#receive(data.from, data.message, ports[0]);
    };
    this.#join();
  }

  /** The tabs that take machines now. */
  get hosts(): readonly TabInfo[] {
    return this.#others.filter(({ hosting }) => hosting);
  }

  get changes(): Event<readonly TabInfo[]> {
    return this.#changes.event;
  }

  /** Whether this tab takes machines of others. */
  setHosting(hosting: boolean): void {
    if (hosting === this.#hosting) return;
    this.#hosting = hosting;
    this.#join();
  }

  /** Starts workers in another tab. `Unavailable` when it is not there or takes none. */
  spawnOn(host: TabId): SpawnWorker {
    return (name) => {
      if (!this.hosts.some(({ id }) => id === host)) {
        throw new SandboxError(
          'Unavailable',
          `The tab ${host} is not there any more or takes no machines: choose another`,
        );
      }
      const worker = `${this.#options.id}/${name}`;
      const { port1, port2 } = new MessageChannel();
      const failed = new Emitter<SandboxError>();
      this.#abroad.set(worker, { host, failed });
      this.#send(host, { kind: 'start', worker }, [port2]);
      return {
        name,
        port: port1,
        failed: failed.event,
        terminate: () => {
          this.#abroad.delete(worker);
          this.#send(host, { kind: 'end', worker });
          port1.close();
        },
      };
    };
  }

  dispose(): void {
    for (const { worker } of this.#guests.values()) worker.terminate();
    this.#guests.clear();
    this.#changes.dispose();
    this.#options.port.close();
  }

  #join(): void {
    const { id, label, port, ready } = this.#options;
    void ready.then(() => {
      port.postMessage({ type: 'join', tab: { id, label, hosting: this.#hosting } } satisfies TabToBroker);
    });
  }

  #send(to: TabId, message: TabMessage, ports: MessagePort[] = []): void {
    const sent: TabToBroker = { type: 'send', from: this.#options.id, to, message };
    this.#options.port.postMessage(sent, ports);
  }

  #receive(from: TabId, message: TabMessage, port: MessagePort | undefined): void {
    if (message.kind === 'start') {
      if (port) this.#host(from, message.worker, port);
    } else if (message.kind === 'end') {
      this.#endGuest(from, message.worker);
    } else {
      this.#fail(from, message.worker, parseError(message.error));
    }
  }

  #host(owner: TabId, name: string, port: MessagePort): void {
    if (!this.#hosting) {
      const error = new SandboxError('Unavailable', 'That tab takes no machines any more');
      this.#send(owner, { kind: 'failed', worker: name, error: serializeError(error) });
      return;
    }
    const worker = this.#options.start(name, port);
    this.#guests.set(name, { owner, worker });
    worker.failed((error) => {
      this.#guests.delete(name);
      this.#send(owner, { kind: 'failed', worker: name, error: serializeError(error) });
    });
  }

  #endGuest(owner: TabId, name: string): void {
    const guest = this.#guests.get(name);
    if (guest?.owner !== owner) return;
    this.#guests.delete(name);
    guest.worker.terminate();
  }

  #fail(host: TabId, name: string, error: SandboxError): void {
    const worker = this.#abroad.get(name);
    if (worker?.host !== host) return;
    this.#abroad.delete(name);
    worker.failed.fire(error);
  }

  /** A tab that is gone takes our workers with it, and its own workers here are nobody's. */
  #tabsChanged(tabs: readonly TabInfo[]): void {
    this.#others = tabs.filter(({ id }) => id !== this.#options.id);
    const there = new Set(this.#others.map(({ id }) => id));
    for (const [name, { host }] of [...this.#abroad]) {
      if (!there.has(host)) this.#fail(host, name, new SandboxError('Unavailable', 'The tab that ran it was closed'));
    }
    for (const [name, { owner }] of [...this.#guests]) if (!there.has(owner)) this.#endGuest(owner, name);
    this.#changes.fire(this.#others);
  }
}
