import type { Credentials } from '../../src/api/distribution';
import { callback, connect } from '../../src/rpc/control';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import type { PullStation, TimedPull } from './pull-worker';
import pullWorkerUrl from './pull-worker.ts?worker&url';

export interface WatchedPull extends TimedPull {
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

const { remote } = connect<PullStation>(browserSpawner(pullWorkerUrl)('pull').port);
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
  ready: () => remote.ready(),
  login: (registry, credentials) => remote.login(registry, credentials),
  async pull(name) {
    const stop = watchDelays();
    const pulled = await remote.pull(
      name,
      callback((status: string) => void statuses.push(status)),
    );
    return { ...pulled, delays: stop() };
  },
  push: (name) => remote.push(name),
  tag: (name, as) => remote.tag(name, as),
};
Object.assign(globalThis, { bench });
