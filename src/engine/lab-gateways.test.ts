import { describe, expect, it } from 'vitest';
import type { EngineApi } from '../api/engine-api';
import { createDeferred } from '../base/deferred';
import type { GatewayHome } from '../network/gateway/gateway-service';
import { readableFromPort, writableToPort } from '../rpc/byte-stream';
import { connect, type Remote, transfer } from '../rpc/control';
import type { GatewayWorker } from './gateways';
import { openTestLab } from './lab-fixture';

/** The smallest module that there is: nothing of it runs here. */
const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** A gateways' worker without gateways: says what stations would, by `home`. */
function scriptedGateways() {
  const opened = createDeferred<Remote<GatewayHome>>();
  const remote = {
    ping() {},
    open: async (_: WebAssembly.Module, port: MessagePort) => opened.resolve(connect<GatewayHome>(port).remote),
    start: async () => {},
    setDirectory: async () => {},
    remove: async () => {},
    connect: async () => {},
  } as unknown as GatewayWorker['remote'];
  const worker: GatewayWorker = { remote, lost: new AbortController().signal, watch() {}, terminate() {} };
  return { source: { start: () => worker, loadModule: async () => module }, home: opened.promise };
}

/** Answers with a line, and then with nothing more for ever. */
const endless: EngineApi = {
  fetch: async () =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
      }),
    ),
};

async function open() {
  const gateways = scriptedGateways();
  const { lab } = await openTestLab(undefined, undefined, {
    gateways: gateways.source,
    engineApi: async () => endless,
  });
  await lab.connect('default', { address: '10.0.2.15', port: 1 });
  const home = await gateways.home;
  const never = new AbortController().signal;
  /** A station connects, and asks. */
  const ask = () => {
    const [received, sent] = [new MessageChannel(), new MessageChannel()];
    const streams = { received: received.port2, sent: sent.port2 };
    const served = home.engine('default', transfer(streams, [streams.received, streams.sent]));
    const writer = writableToPort(received.port1, never).getWriter();
    writer.write(new TextEncoder().encode('GET /events HTTP/1.1\r\n\r\n')).catch(() => undefined);
    const reader = readableFromPort(sent.port1, never).pipeThrough(new TextDecoderStream()).getReader();
    return { served, reader };
  };
  return { lab, ask };
}

describe('the Docker Engine API for guests', () => {
  it('is theirs no more, in the middle of an answer, when it is taken back from their network', async () => {
    const { lab, ask } = await open();
    await expect(ask().served).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await lab.setEngineApi('default', true);
    const { served, reader } = ask();
    let said = '';
    while (!said.includes('first')) said += (await reader.read()).value;
    await lab.setEngineApi('default', false);
    await expect(reader.read()).rejects.toThrow('The network "default" does not have the Docker Engine API');
    await served;
    await lab.setEngineApi('default', true);
    expect((await ask().reader.read()).value).toContain('200 OK');
    lab.dispose();
  });

  it('has so many connections at one time, and says so', async () => {
    const { lab, ask } = await open();
    await lab.setEngineApi('default', true);
    const all = Array.from({ length: 64 }, () => ask());
    await Promise.all(all.map(({ reader }) => reader.read()));
    await expect(ask().served).rejects.toMatchObject({
      code: 'ResourceExhausted',
      message: 'Guests have 64 connections to the Docker Engine API, the most there can be: close one',
    });
    await lab.setEngineApi('default', false);
    await Promise.all(all.map(({ served }) => served));
    await lab.setEngineApi('default', true);
    expect((await ask().reader.read()).value).toContain('200 OK');
    lab.dispose();
  });
});
