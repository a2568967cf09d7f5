import { type BrokerToTab, isTabToBroker, type TabId, type TabInfo } from './tab-messages';

export interface TabBrokerOptions {
  /**
   * Resolves when the tab of that id is gone, however it went: it holds a Web Lock as long as it lives.
   * Never, where nobody can tell.
   */
  readonly gone: (tab: TabId) => Promise<void>;
}

interface Member {
  readonly info: TabInfo;
  readonly port: MessagePort;
}

/**
 * Brings tabs of one origin together: each hears who else is there, and may send another a message with ports in
 * it, which is the only way for two tabs to get a port to each other. Runs in a SharedWorker.
 */
export class TabBroker {
  readonly #gone: TabBrokerOptions['gone'];
  readonly #members = new Map<TabId, Member>();

  constructor({ gone }: TabBrokerOptions) {
    this.#gone = gone;
  }

  connect(port: MessagePort): void {
    port.onmessage = ({ data, ports }: MessageEvent<unknown>) => {
      if (!isTabToBroker(data)) return;
      if (data.type === 'join') this.#join(data.tab, port);
      else
        this.#members
          .get(data.to)
          ?.port.postMessage({ type: 'message', from: data.from, message: data.message } satisfies BrokerToTab, [
            ...ports,
          ]);
    };
  }

  #join(info: TabInfo, port: MessagePort): void {
    const known = this.#members.has(info.id);
    this.#members.set(info.id, { info, port });
    this.#tell();
    if (known) return;
    void this.#gone(info.id).then(() => {
      this.#members.delete(info.id);
      this.#tell();
    });
  }

  #tell(): void {
    const tabs = [...this.#members.values()].map(({ info }) => info);
    for (const { port } of this.#members.values()) port.postMessage({ type: 'tabs', tabs } satisfies BrokerToTab);
  }
}
