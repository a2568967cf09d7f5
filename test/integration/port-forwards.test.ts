import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { createDeferred } from '../../src/base/deferred';
import type { GatewayDirectory } from '../../src/network/gateway/gateway';
import { type GatewayHome, GatewayWorkerService } from '../../src/network/gateway/gateway-service';
import { LwipStack } from '../../src/network/gateway/lwip-stack';
import type { PortForward } from '../../src/network/gateway/port-forwards';
import type { TcpConnection } from '../../src/network/gateway/sockets';
import { SwitchService } from '../../src/network/switch-service';
import { expose } from '../../src/rpc/control';
import { createModuleHost } from '../../src/runtime/unikernel/hosted-module';
import { gatewayModule } from '../support/gateway-lab';

const web: PortForward = { port: 8080, network: 'front', to: { address: '10.1.0.9', port: 80 } };

/** A hang guard. */
const guardMs = 60_000;

/** Two networks with their gateways on one switch, all in this thread, and a station with the same stack on each. */
describe('a port of a gateway that leads to a station', { timeout: guardMs }, () => {
  const parts: { dispose(): void }[] = [];
  const host = createModuleHost({ clock: systemClock, random: (bytes) => void crypto.getRandomValues(bytes) });
  let module: WebAssembly.Module;
  let service: GatewayWorkerService;
  let wire: SwitchService;
  let toEngine: ReturnType<typeof createDeferred<string>>;
  let front: LwipStack;
  let back: LwipStack;

  const plug = (network: string, id: string, mac: string): { mac: string; mtu: number; port: MessagePort } => {
    const { port1, port2 } = new MessageChannel();
    wire.addPort({ id: `${network}/${id}`, network, label: id, mtu: 1500, offload: false }, port1);
    return { mac, mtu: 1500, port: port2 };
  };

  const directory = (more: Partial<GatewayDirectory>): GatewayDirectory => ({ hosts: [], ...more });

  const startGateway = (network: string, octet: number, more: Partial<GatewayDirectory> = {}): Promise<void> => {
    wire.removePort(`${network}/gateway`);
    return service.start({
      spec: { name: network, subnet: `10.${octet}.0.0/24`, mtu: 1500 },
      ...plug(network, 'gateway', `02:00:00:00:0${octet}:01`),
      directory: directory(more),
    });
  };

  const station = (network: string, octet: number): LwipStack => {
    const nic = plug(network, 'station', `02:00:00:00:0${octet}:09`);
    const stack = new LwipStack({
      host,
      module,
      nic,
      address: `10.${octet}.0.9`,
      prefixLength: 24,
      clock: systemClock,
    });
    parts.push(stack);
    return stack;
  };

  beforeEach(async () => {
    module = await gatewayModule();
    wire = new SwitchService();
    service = new GatewayWorkerService(host);
    toEngine = createDeferred();
    const home: GatewayHome = {
      listLeases: async () => [],
      putLease: async () => {},
      removeLease: async () => {},
      tell: async () => {},
      report: async ({ message }) => expect.unreachable(message),
      egress: async () => expect.unreachable('nothing is asked outside'),
      engine: async (network) => toEngine.resolve(network),
      failed: async (_, { message }) => expect.unreachable(message),
    };
    const { port1, port2 } = new MessageChannel();
    expose(home, port1);
    parts.push({ dispose: () => port1.close() });
    await service.open(module, port2);
    await startGateway('front', 1);
    await startGateway('back', 2);
    [front, back] = [station('front', 1), station('back', 2)];
    front.listen(80, (connection) => void connection.readable.pipeTo(connection.writable).catch(() => {}));
  });
  afterEach(async () => {
    for (const part of parts.splice(0)) part.dispose();
    await Promise.all([service.remove('front'), service.remove('back')]);
  });

  async function say({ readable, writable }: TcpConnection, text: string): Promise<string> {
    const send = async (): Promise<void> => {
      const writer = writable.getWriter();
      await writer.write(new TextEncoder().encode(text));
      await writer.close();
    };
    const [answer] = await Promise.all([new Response(readable).text(), send()]);
    return answer;
  }

  const refused = { details: { reason: 'refused' } };

  it('is there on every network that has it, the station’s own too, and on no other', async () => {
    await service.setDirectory('back', directory({ forwards: [web] }));
    expect(await say(await back.connect({ address: '10.2.0.1', port: 8080 }), 'from afar')).toBe('from afar');
    await expect(front.connect({ address: '10.1.0.1', port: 8080 })).rejects.toMatchObject(refused);
    await service.setDirectory('front', directory({ forwards: [web] }));
    expect(await say(await front.connect({ address: '10.1.0.1', port: 8080 }), 'from near')).toBe('from near');
  });

  it('carries much, whole, in both directions', async () => {
    await service.setDirectory('back', directory({ forwards: [web] }));
    const { readable, writable } = await back.connect({ address: '10.2.0.1', port: 8080 });
    const sent = new Uint8Array(1_000_000);
    for (let at = 0; at < sent.length; at += 65_536) crypto.getRandomValues(sent.subarray(at, at + 65_536));
    const got = new Response(readable).bytes();
    const writer = writable.getWriter();
    await writer.write(sent);
    await writer.close();
    expect(Buffer.compare(await got, sent)).toBe(0);
  });

  it('resets a connection when the station refuses it, and when it leads there no more', async () => {
    const silent = { ...web, port: 8081, to: { ...web.to, port: 81 } };
    await service.setDirectory('back', directory({ forwards: [web, silent] }));
    const to = { address: '10.2.0.1', port: 8081 };
    await expect(back.connect(to).then((made) => say(made, 'x'))).rejects.toMatchObject({ code: 'Unavailable' });
    const open = await back.connect({ address: '10.2.0.1', port: 8080 });
    const reader = open.readable.getReader();
    await open.writable.getWriter().write(new TextEncoder().encode('first'));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first');
    await service.setDirectory('back', directory({ forwards: [silent] }));
    await expect(reader.read()).rejects.toMatchObject({ details: { reason: 'reset' } });
    await expect(back.connect({ address: '10.2.0.1', port: 8080 })).rejects.toMatchObject(refused);
    await expect.poll(() => front.connections, { timeout: guardMs }).toBe(0);
  });

  it('is there again with a gateway that was started anew', async () => {
    await startGateway('back', 2, { forwards: [web] });
    expect(await say(await back.connect({ address: '10.2.0.1', port: 8080 }), 'again')).toBe('again');
  });

  it('makes way for what the gateway itself serves, for as long as it does', async () => {
    const engine = { ...web, port: 2375 };
    await service.setDirectory('back', directory({ forwards: [engine, { ...web, port: 53 }] }));
    const to = { address: '10.2.0.1', port: 2375 };
    expect(await say(await back.connect(to), 'web')).toBe('web');
    // An end of the messages is the end of a resolver's connection, which has nothing to answer.
    expect(await say(await back.connect({ ...to, port: 53 }), '\0')).toBe('');
    await service.setDirectory('back', directory({ forwards: [engine], engineApi: true }));
    (await back.connect(to)).abort();
    expect(await toEngine.promise).toBe('back');
    await service.setDirectory('back', directory({ forwards: [engine] }));
    expect(await say(await back.connect(to), 'web again')).toBe('web again');
  });
});
