import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { AppStation } from '../../src/network/app-station';
import { SocketBridge } from '../../src/runtime/app/wasix/socket-bridge';
import { createModuleHost } from '../../src/runtime/unikernel/hosted-module';
import { createUnikernelLab, type UnikernelLab, unikernelModule } from '../support/unikernel-lab';

let lab: UnikernelLab;
const stations: AppStation[] = [];
beforeEach(async () => {
  lab = await createUnikernelLab();
});
afterEach(async () => {
  for (const station of stations.splice(0)) station.dispose();
  await lab.dispose();
});

/** An app's place on the wire; names are asked for at that address. */
async function join(name: string, nameServer?: string): Promise<AppStation> {
  const [nic] = (await lab.tender.wire.station(name).resources.attachNics?.()) ?? [];
  if (!nic) throw new Error('The wire gave no NIC');
  const host = createModuleHost({ clock: systemClock, random: (bytes) => void crypto.getRandomValues(bytes) });
  const stack = new WebAssembly.Module(unikernelModule('gateway'));
  const gateway = nameServer === undefined ? {} : { gateway: { address: nameServer, domain: 'lab.test' } };
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const station = new AppStation({ ...nic, ...gateway, stack }, { host, clock: systemClock, randomBytes });
  stations.push(station);
  return station;
}

/** Sockets as the SDK has them, and what it is woken for: `until` resolves when that has happened. */
function bridgeOn(station: AppStation | undefined) {
  const bridge = new SocketBridge(station);
  const heard: string[] = [];
  let wake = (): void => {};
  bridge.setWakeCallback((id, reason) => {
    heard.push(`${id} ${reason}`);
    wake();
    return true;
  });
  return {
    bridge,
    async until(id: number, reason: string): Promise<void> {
      for (;;) {
        const at = heard.indexOf(`${id} ${reason}`);
        if (at >= 0) {
          heard.splice(at, 1);
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    /** All that comes until the other side has finished. */
    async readAll(id: number): Promise<Uint8Array> {
      const parts: Uint8Array[] = [];
      for (;;) {
        const part = bridge.socketRead(id, 5000);
        if (part === null) return Buffer.concat(parts);
        if (part) parts.push(part);
        else await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  };
}

describe('the sockets of a program of WASIX', () => {
  it('connect two apps, each at its own address', async () => {
    const [server, client] = [bridgeOn(await join('server')), bridgeOn(await join('client'))];
    const listener = server.bridge.listenTcp('0.0.0.0:8080');
    const { address } = stations[0]!;
    const out = await client.bridge.connectTcp('0.0.0.0:0', `${address}:8080`);
    expect(out.peer).toBe(`${address}:8080`);
    await server.until(listener.id, 'connection');
    expect(server.bridge.listenerReadable(listener.id)).toBe(true);
    const accepted = server.bridge.listenerAccept(listener.id)!;
    expect(accepted.peer.split(':')[0]).toBe(stations[1]!.address);
    expect(server.bridge.listenerAccept(listener.id)).toBeUndefined();

    expect(server.bridge.socketRead(accepted.id, 100)).toBeUndefined();
    expect(server.bridge.socketReadable(accepted.id)).toBe(-1);
    expect(client.bridge.socketWrite(out.id, new TextEncoder().encode('question'))).toBe(8);
    await server.until(accepted.id, 'readable');
    expect(server.bridge.socketReadable(accepted.id)).toBe(8);
    expect(Buffer.from(server.bridge.socketRead(accepted.id, 5)!).toString()).toBe('quest');
    expect(Buffer.from(server.bridge.socketRead(accepted.id, 5)!).toString()).toBe('ion');

    server.bridge.socketWrite(accepted.id, new TextEncoder().encode('answer'));
    server.bridge.socketClose(accepted.id);
    expect(Buffer.from(await client.readAll(out.id)).toString()).toBe('answer');
    expect(client.bridge.socketReadable(out.id)).toBe(0);
  });

  it('hold a program back that writes faster than its reader reads, and lose nothing', async () => {
    const [server, client] = [bridgeOn(await join('server')), bridgeOn(await join('client'))];
    const listener = server.bridge.listenTcp('0.0.0.0:8080');
    const out = await client.bridge.connectTcp('0.0.0.0:0', `${stations[0]!.address}:8080`);
    await server.until(listener.id, 'connection');
    const accepted = server.bridge.listenerAccept(listener.id)!;
    const sent = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
    let at = 0;
    while (client.bridge.socketWritable(out.id) > 0 && at < sent.length) {
      at += client.bridge.socketWrite(out.id, sent.subarray(at, at + 8192));
    }
    expect(at).toBeLessThan(sent.length);
    const received = server.readAll(accepted.id);
    while (at < sent.length) {
      if (client.bridge.socketWritable(out.id) <= 0) await client.until(out.id, 'writable');
      else at += client.bridge.socketWrite(out.id, sent.subarray(at, at + 8192));
    }
    client.bridge.socketClose(out.id);
    expect(Buffer.compare(await received, sent)).toBe(0);
  });

  it('say by Node’s codes what they cannot do', async () => {
    const station = await join('client');
    const { bridge } = bridgeOn(station);
    const neighbour = await join('neighbour');
    await expect(bridge.connectTcp('0.0.0.0:0', `${neighbour.address}:1`)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    await expect(bridge.connectTcp('0.0.0.0:0', '192.0.2.1:80')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    bridge.listenTcp('0.0.0.0:80');
    expect(() => bridge.listenTcp('0.0.0.0:80')).toThrow(/EADDRINUSE/);
    expect(() => bridge.socketWrite(99, Uint8Array.of(1))).toThrow(/ENOTCONN/);
    expect(bridge.socketRead(99, 1)).toBeNull();
    await expect(bridge.resolve('nobody.lab.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    const alone = bridgeOn(undefined).bridge;
    await expect(alone.connectTcp('0.0.0.0:0', '10.0.0.1:80')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(() => alone.listenTcp('0.0.0.0:80')).toThrow(/EADDRNOTAVAIL/);
  });

  it('find names at the network’s gateway', async () => {
    const server = lab.tender.wire.station('dns');
    const zone = '$ORIGIN lab.test.\n$TTL 60\n@ SOA ns admin 1 2 3 4 5\nwww A 10.9.8.7\n';
    await lab.start('dns', { config: { '/etc/zone': zone } }, server);
    const { bridge } = bridgeOn(await join('client', server.address));
    expect(await bridge.resolve('www.lab.test')).toEqual(['10.9.8.7']);
    expect(await bridge.resolve('www')).toEqual(['10.9.8.7']);
    expect(await bridge.resolve('10.0.0.9')).toEqual(['10.0.0.9']);
    await expect(bridge.resolve('nobody')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});
