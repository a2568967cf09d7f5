import type { Credentials, PulledImage } from '../../src/api/distribution';
import { Images } from '../../src/engine/images';
import { Registries } from '../../src/engine/registries';
import { connect } from '../../src/rpc/control';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import type { StoreService } from '../../src/storage/store-service';
import storeWorkerUrl from '../../workers/store.ts?worker&url';

export interface WatchedPull extends PulledImage {
  readonly ms: number;
  /** How late messages of the page to itself arrived meanwhile, milliseconds. */
  readonly delays: readonly number[];
}

/** What the bench, and the test of registries in a browser, call from outside. */
export interface PullBench {
  ready(): Promise<void>;
  login(registry: string, credentials: Credentials): Promise<void>;
  pull(name: string): Promise<WatchedPull>;
  push(name: string): Promise<string>;
  tag(name: string, as: string): Promise<void>;
  /** What was told of layers so far. */
  readonly statuses: readonly string[];
}

const { remote } = connect<StoreService>(browserSpawner(storeWorkerUrl)('store').port);
const registries = new Registries({ remote });
const images = new Images({ remote });
const statuses: string[] = [];

/** Looks at the page's thread until it is told to stop. */
function watchDelays(): () => readonly number[] {
  const delays: number[] = [];
  const { port1, port2 } = new MessageChannel();
  let running = true;
  let sent = 0;
  const send = (): void => {
    sent = performance.now();
    port2.postMessage(0);
  };
  port1.onmessage = () => {
    delays.push(performance.now() - sent);
    if (running) setTimeout(send, 2);
  };
  send();
  return () => {
    running = false;
    return delays;
  };
}

const bench: PullBench = {
  statuses,
  async ready() {
    await remote.open(new URL('registry/', location.href).href);
  },
  login: (registry, credentials) => registries.login(registry, credentials),
  async pull(name) {
    const stop = watchDelays();
    const begun = performance.now();
    const pulled = await registries.pull(name, {
      onEvent: (event) => {
        if (event.kind === 'layer') statuses.push(event.status);
      },
    });
    return { ...pulled, ms: performance.now() - begun, delays: stop() };
  },
  push: (name) => registries.push(name),
  tag: (name, as) => images.tag(name, as),
};
Object.assign(globalThis, { bench });
