import { describe, expect, it } from 'vitest';
import type { LayerIndex } from '../api/layer';
import { createDeferred, type Deferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { FakeClock } from '../base/fake-clock';
import { LayerPortClient, type LayerTarget, serveLayerPort } from './layer-port';

const index: LayerIndex = { diffId: `sha256:${'1'.repeat(64)}`, size: 100, nodes: [] };

/** Answers reads with their own beginnings; one that is held up, when it is let go. */
class CountingTarget implements LayerTarget {
  reads = 0;
  closed = 0;
  gate: Deferred<void> | undefined;

  async index(): Promise<LayerIndex> {
    return index;
  }
  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    this.reads += 1;
    await this.gate?.promise;
    return new Uint8Array(end - start).fill(start);
  }
  close(): void {
    this.closed += 1;
  }
}

function serve(target: LayerTarget): MessagePort {
  const { port1, port2 } = new MessageChannel();
  serveLayerPort(port1, target);
  return port2;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const until = async (condition: () => boolean) => {
  while (!condition()) await turn();
};

describe('a layer port', () => {
  it('asks once more what waits when it is renewed', async () => {
    const [first, second] = [new CountingTarget(), new CountingTarget()];
    first.gate = createDeferred();
    const client = new LayerPortClient({ port: serve(first) }, { clock: new FakeClock(0) });
    const reads = [client.read(1, 4), client.read(2, 3)];
    await until(() => first.reads === 2);
    client.renew(serve(second));
    expect(await Promise.all(reads)).toEqual([Uint8Array.of(1, 1, 1), Uint8Array.of(2)]);
    first.gate.resolve();
    await turn();
    expect(await client.read(3, 4)).toEqual(Uint8Array.of(3));
    client.dispose();
    await until(() => second.closed === 1);
  });

  it('waits for a new port while there is none, and not for ever', async () => {
    const clock = new FakeClock(0);
    const client = new LayerPortClient({}, { clock, patienceMs: 1000 });
    const read = client.read(0, 1);
    clock.advance(999);
    client.renew(serve(new CountingTarget()));
    expect(await read).toHaveLength(1);
    client.dispose();

    const lost = new LayerPortClient({}, { clock, patienceMs: 1000 });
    const refused = expect(lost.read(0, 1)).rejects.toMatchObject({ code: 'Unavailable' });
    clock.advance(1000);
    await refused;
  });

  it('is failed by whoever knows, and stays so when it moves', async () => {
    const client = new LayerPortClient({ port: serve(new CountingTarget()) });
    client.fail(new SandboxError('DataLoss', 'The layer is damaged'));
    await expect(client.index()).rejects.toMatchObject({ code: 'DataLoss' });
    const moved = new LayerPortClient(client.handOver());
    await expect(moved.index()).rejects.toMatchObject({ code: 'DataLoss', message: 'The layer is damaged' });
  });

  it('moves to another thread, where late answers are not taken for others', async () => {
    const target = new CountingTarget();
    target.gate = createDeferred();
    const client = new LayerPortClient({ port: serve(target) });
    const read = client.read(7, 8);
    const refused = expect(read).rejects.toMatchObject({ code: 'Unavailable' });
    await until(() => target.reads === 1);
    const state = client.handOver();
    await refused;
    target.gate.resolve();
    const moved = new LayerPortClient(state);
    expect(await moved.read(9, 10)).toEqual(Uint8Array.of(9));
    expect(target.closed).toBe(0);
    moved.dispose();
    await until(() => target.closed === 1);
  });

  it('refuses a question it does not know', async () => {
    const port = serve(new CountingTarget());
    const answer = new Promise<MessageEvent>((resolve) => {
      port.onmessage = resolve;
    });
    port.postMessage({ id: 1, type: 'format' });
    expect((await answer).data).toMatchObject({ id: 1, error: { code: 'InvalidArgument' } });
    port.close();
  });
});
