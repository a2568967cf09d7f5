import { afterEach, describe, expect, it } from 'vitest';
import type { AppSpec } from '../../api/app';
import { type FailpointHandler, handleFailpoints } from '../../base/failpoint';
import { FakeClock } from '../../base/fake-clock';
import type { Disposable } from '../../base/lifecycle';
import { inProcessSpawner } from '../../rpc/spawn-node';
import { Supervisor } from '../supervisor';
import { createAppDriver } from './app-driver';
import { serveApp } from './app-worker';

/** A program that does nothing: `(module (memory (export "memory") 1) (func (export "_start")))`. */
const idle = '0061736d01000000010401600000030201000503010001071302066d656d6f72790200065f737461727400000a040102000b';

const spec: AppSpec = {
  kind: 'app',
  name: 'app',
  image: 'local/app@sha256:0',
  args: [],
  env: [],
  files: [],
  memoryMiB: 1,
};

const beginMs = 20_000;

let failpoints: Disposable | undefined;
afterEach(() => failpoints?.dispose());

/** An app in this thread; `atBeginning` decides what happens before its program begins. */
function setUp(atBeginning: FailpointHandler) {
  failpoints = handleFailpoints(atBeginning);
  const clock = new FakeClock(1000);
  const supervisor = new Supervisor(clock);
  const driver = createAppDriver({
    source: {
      loadApp: async () => Uint8Array.from(Buffer.from(idle, 'hex')).buffer,
      loadFiles: async () => [],
    },
    spawn: inProcessSpawner(serveApp),
    supervisor,
    clock,
    randomBytes: (count) => new Uint8Array(count),
    memoryBudgetMiB: 1024,
    isolated: false,
    waiting: 'none',
    beginMs,
  });
  const app = driver.create(spec);
  let shown = '';
  app.attachConsole(({ bytes }) => {
    shown += new TextDecoder().decode(bytes);
  });
  return { app, clock, supervisor, shown: () => shown };
}

/** A beginning that never comes, and the word that it was waited for. */
function hanging() {
  const waiting: (() => void)[] = [];
  let hangs = 0;
  return {
    hang(): Promise<void> {
      hangs += 1;
      for (const told of waiting.splice(0)) told();
      return new Promise(() => {});
    },
    until: (count: number): Promise<void> =>
      hangs >= count ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  };
}

describe('an app whose program hangs before it has begun', () => {
  it('is begun again in another worker, and says so', async () => {
    const hung = hanging();
    let begins = 0;
    const { app, clock, supervisor, shown } = setUp((name) => {
      if (name !== 'app.begin') return undefined;
      begins += 1;
      return begins === 1 ? hung.hang() : undefined;
    });
    const started = app.start();
    await hung.until(1);
    await clock.advance(beginMs - 1);
    expect([app.state.phase, supervisor.count]).toEqual(['starting', 1]);
    await clock.advance(1);
    await started;
    expect(shown()).toContain('app did not begin within 20 s: beginning again (2 of 3)');
    expect(app.startNote).toMatch(/did not begin within 20 s; it was begun again/);
    expect(begins).toBe(2);
  });

  it('has failed after three times, and no worker is left', async () => {
    const hung = hanging();
    const { app, clock, supervisor } = setUp(() => hung.hang());
    const started = app.start().catch((error: unknown) => error);
    for (let count = 1; count <= 3; count += 1) {
      await hung.until(count);
      await clock.advance(beginMs);
    }
    expect(await started).toMatchObject({ code: 'Unavailable', details: { timeoutMs: beginMs } });
    expect([app.state.phase, supervisor.count]).toEqual(['failed', 0]);
  });

  it('can be killed meanwhile', async () => {
    const hung = hanging();
    const { app, supervisor } = setUp(() => hung.hang());
    const started = app.start().catch((error: unknown) => error);
    await hung.until(1);
    expect((await app.kill()).code).toBe(137);
    expect(await started).toMatchObject({ code: 'Aborted' });
    expect(supervisor.count).toBe(0);
  });
});
