import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { printedRandom } from '../../base/seed-fixture';
import { type DhcpMessage, parseDhcp, serializeDhcp } from '../../formats/wire/dhcp';
import {
  dhcpAddress,
  dhcpNumber,
  dhcpOption,
  dhcpType,
  dhcpTypeOf,
  dhcpValue,
  parseDhcpRoutes,
} from '../../formats/wire/dhcp-options';
import { DhcpLeases } from './dhcp-leases';
import { type DhcpEvent, DhcpServer } from './dhcp-server';
import { dhcpQuestion, hosts, network, TestLeaseStore } from './gateway-fixture';
import { gatewayNetwork } from './gateway-network';

const stranger = '02:00:00:00:77:01';
const [web] = hosts;

class Bench {
  readonly clock = new FakeClock();
  readonly store: TestLeaseStore;
  readonly leases: DhcpLeases;
  readonly server: DhcpServer;
  readonly events: DhcpEvent[] = [];

  constructor(on = network, store = new TestLeaseStore()) {
    this.store = store;
    this.leases = new DhcpLeases(on, store, this.clock);
    this.server = new DhcpServer({ network: on, leases: this.leases, tell: (event) => this.events.push(event) });
    this.leases.setHosts(hosts);
  }

  ask(type: number, mac: string, options: [number, Uint8Array<ArrayBuffer>][] = [], change: Partial<DhcpMessage> = {}) {
    const all = new Map([[dhcpOption.messageType as number, dhcpValue.u8(type)], ...options]);
    return this.server.answer(dhcpQuestion(mac, all, change));
  }

  discover(mac: string, wish?: string) {
    return this.ask(
      dhcpType.discover,
      mac,
      wish === undefined ? [] : [[dhcpOption.requestedAddress, dhcpValue.addresses(wish)]],
    );
  }

  /** As a client asks for what it was offered. */
  select(mac: string, address: string, server = network.address) {
    return this.ask(dhcpType.request, mac, [
      [dhcpOption.requestedAddress, dhcpValue.addresses(address)],
      [dhcpOption.serverId, dhcpValue.addresses(server)],
    ]);
  }

  async lease(mac: string): Promise<string> {
    const address = (await this.discover(mac))?.yourAddress ?? 'nothing';
    expect(typeOf(await this.select(mac, address))).toBe(dhcpType.ack);
    return address;
  }
}

const typeOf = (message: DhcpMessage | undefined) => message && dhcpTypeOf(message.options);

describe('the DHCP server', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('offers and gives a station its reservation, whatever it wishes for', async () => {
    const offer = await bench.discover(hosts[1]?.mac ?? '', '10.1.0.200');
    expect(offer).toMatchObject({ op: 'reply', transactionId: 7, yourAddress: '10.1.0.3' });
    expect(typeOf(offer)).toBe(dhcpType.offer);
    const given = await bench.select('02:00:00:00:00:02', '10.1.0.3');
    expect(typeOf(given)).toBe(dhcpType.ack);
    expect(given && dhcpNumber(given.options, dhcpOption.leaseTime)).toBe(86_400);
    expect(bench.store.leases.size).toBe(0);
  });

  it('tells all that there is, or what was asked for in that order, the mask before the router', async () => {
    const all = (await bench.discover(web?.mac ?? ''))?.options ?? new Map();
    expect(dhcpAddress(all, dhcpOption.subnetMask)).toBe('255.255.255.0');
    expect(dhcpAddress(all, dhcpOption.router)).toBe('10.1.0.1');
    expect(dhcpAddress(all, dhcpOption.dnsServers)).toBe('10.1.0.1');
    expect(dhcpAddress(all, dhcpOption.ntpServers)).toBe('10.1.0.1');
    expect(dhcpAddress(all, dhcpOption.broadcastAddress)).toBe('10.1.0.255');
    expect(dhcpNumber(all, dhcpOption.mtu)).toBe(1400);
    expect(dhcpNumber(all, dhcpOption.renewalTime)).toBe(43_200);
    expect(dhcpNumber(all, dhcpOption.rebindingTime)).toBe(75_600);
    expect(new TextDecoder().decode(all.get(dhcpOption.hostName))).toBe('web');
    expect(new TextDecoder().decode(all.get(dhcpOption.domainName))).toBe('lab.internal');
    expect([...(all.get(dhcpOption.domainSearch) ?? [])]).toEqual([
      3,
      108,
      97,
      98,
      8,
      ...new TextEncoder().encode('internal'),
      0,
    ]);
    expect(parseDhcpRoutes(all.get(dhcpOption.classlessRoutes) ?? new Uint8Array(0))).toEqual([
      { destination: '0.0.0.0', prefixLength: 0, router: '10.1.0.1' },
      { destination: '169.254.169.254', prefixLength: 32, router: '10.1.0.1' },
    ]);
    const asked = await bench.ask(dhcpType.discover, stranger, [
      [dhcpOption.parameterList, Uint8Array.of(dhcpOption.router, dhcpOption.subnetMask, 200, dhcpOption.mtu)],
    ]);
    expect([...(asked?.options.keys() ?? [])]).toEqual([53, 54, 51, 58, 59, 1, 3, 26]);
  });

  it('gives strangers addresses from the end of the subnet, those they wish for where they are free', async () => {
    expect(await bench.lease(stranger)).toBe('10.1.0.254');
    expect(await bench.lease('02:00:00:00:77:02')).toBe('10.1.0.253');
    expect((await bench.discover('02:00:00:00:77:03', '10.1.0.99'))?.yourAddress).toBe('10.1.0.99');
    expect((await bench.discover('02:00:00:00:77:04', '10.1.0.2'))?.yourAddress).toBe('10.1.0.252');
    expect((await bench.discover('02:00:00:00:77:05', '192.168.1.1'))?.yourAddress).toBe('10.1.0.251');
    expect(bench.leases.list().map(({ address }) => address)).toEqual(['10.1.0.254', '10.1.0.253']);
  });

  it('does not offer two stations one address, but does when the first did not ask for it in time', async () => {
    const first = await bench.discover(stranger);
    expect((await bench.discover(stranger))?.yourAddress).toBe(first?.yourAddress);
    expect((await bench.discover('02:00:00:00:77:02'))?.yourAddress).not.toBe(first?.yourAddress);
    await bench.clock.jump(31_000);
    expect((await bench.discover('02:00:00:00:77:03'))?.yourAddress).toBe(first?.yourAddress);
  });

  it('renews a lease to who has it, and denies it to others', async () => {
    const address = await bench.lease(stranger);
    await bench.clock.jump(1_800_000);
    const renewed = await bench.ask(dhcpType.request, stranger, [], { clientAddress: address });
    expect(renewed).toMatchObject({ yourAddress: address, clientAddress: address });
    expect(bench.leases.list()).toMatchObject([{ expiresAt: bench.clock.now() + 3_600_000 }]);
    const other = await bench.ask(dhcpType.request, '02:00:00:00:77:02', [], { clientAddress: address });
    expect(typeOf(other)).toBe(dhcpType.nak);
    expect(other).toMatchObject({ yourAddress: '0.0.0.0', clientAddress: '0.0.0.0', broadcast: true });
  });

  it.each([
    ['its own reservation', web?.mac ?? '', '10.1.0.2', dhcpType.ack],
    ['another’s reservation', web?.mac ?? '', '10.1.0.3', dhcpType.nak],
    ['an address that is free', stranger, '10.1.0.100', dhcpType.ack],
    ['an address that is reserved', stranger, '10.1.0.3', dhcpType.nak],
    ['the gateway’s', stranger, '10.1.0.1', dhcpType.nak],
    ['an address of another network', stranger, '192.168.0.5', dhcpType.nak],
  ])('after a reboot lets a station have %s, or not', async (_, mac, address, type) => {
    const wish: [number, Uint8Array<ArrayBuffer>][] = [[dhcpOption.requestedAddress, dhcpValue.addresses(address)]];
    expect(typeOf(await bench.ask(dhcpType.request, mac, wish))).toBe(type);
  });

  it('is silent when another server was chosen, and forgets its offer', async () => {
    const offer = await bench.discover(stranger);
    expect(await bench.select(stranger, '10.1.0.254', '10.1.0.9')).toBeUndefined();
    expect((await bench.discover('02:00:00:00:77:02'))?.yourAddress).toBe(offer?.yourAddress);
  });

  it('takes a lease back, and keeps it for nobody once it has run out', async () => {
    const address = await bench.lease(stranger);
    await bench.ask(dhcpType.release, '02:00:00:00:77:02', [], { clientAddress: address });
    expect(bench.leases.list()).toHaveLength(1);
    await bench.ask(dhcpType.release, stranger, [], { clientAddress: address });
    expect([bench.leases.list(), bench.store.leases.size]).toEqual([[], 0]);
    await bench.lease(stranger);
    await bench.clock.jump(3_600_000);
    expect(bench.leases.list()).toEqual([]);
    expect(await bench.lease('02:00:00:00:77:02')).toBe(address);
  });

  it('leaves a declined address alone for ten minutes, and tells', async () => {
    const address = await bench.lease(stranger);
    const decline = (mac: string) =>
      bench.ask(dhcpType.decline, mac, [[dhcpOption.requestedAddress, dhcpValue.addresses(address)]]);
    await decline('02:00:00:00:77:02');
    expect(bench.events).toEqual([]);
    await decline(stranger);
    expect(bench.events).toEqual([{ kind: 'declined', network: 'lab', mac: stranger, address }]);
    expect((await bench.discover(stranger))?.yourAddress).not.toBe(address);
    await bench.clock.jump(600_000);
    expect((await bench.discover('02:00:00:00:77:09'))?.yourAddress).toBe(address);
  });

  it('tells a station that has an address what else there is', async () => {
    const told = await bench.ask(dhcpType.inform, stranger, [], { clientAddress: '10.1.0.50' });
    expect(told).toMatchObject({ yourAddress: '0.0.0.0', clientAddress: '10.1.0.50' });
    expect(told?.options.has(dhcpOption.leaseTime)).toBe(false);
    expect(told?.options.has(dhcpOption.dnsServers)).toBe(true);
  });

  it('tells when the pool has run dry, and gives no answer', async () => {
    const small = new Bench(gatewayNetwork({ name: 'lab', subnet: '10.1.0.0/29', mtu: 1500 }));
    // Of six addresses one is the gateway's and three are reserved.
    for (const last of [1, 2]) await small.lease(`02:00:00:00:88:0${last}`);
    expect(await small.discover('02:00:00:00:88:03')).toBeUndefined();
    expect(small.events).toEqual([{ kind: 'pool-exhausted', network: 'lab', mac: '02:00:00:00:88:03' }]);
    // Reservations are not touched by it.
    expect((await small.discover(web?.mac ?? ''))?.yourAddress).toBe('10.1.0.2');
  });

  it('denies an address that was reserved a moment ago, and gives no answer when nothing can be kept', async () => {
    await bench.discover(stranger);
    bench.store.reserved.add('10.1.0.254');
    expect(typeOf(await bench.select(stranger, '10.1.0.254'))).toBe(dhcpType.nak);
    expect(bench.leases.list()).toEqual([]);
    bench.store.full = true;
    await expect(bench.select(stranger, '10.1.0.253')).rejects.toMatchObject({ code: 'ResourceExhausted' });
    expect(bench.leases.list()).toEqual([]);
  });

  it('knows its leases after a restart', async () => {
    const address = await bench.lease(stranger);
    const next = new Bench(network, bench.store);
    await next.leases.open();
    expect((await next.discover('02:00:00:00:77:02'))?.yourAddress).not.toBe(address);
    expect((await next.discover(stranger))?.yourAddress).toBe(address);
  });

  it('does not answer relays, answers, and messages without a type', async () => {
    expect(await bench.ask(dhcpType.discover, stranger, [], { relayAddress: '10.1.0.9' })).toBeUndefined();
    expect(await bench.ask(dhcpType.discover, stranger, [], { op: 'reply' })).toBeUndefined();
    expect(await bench.ask(99, stranger)).toBeUndefined();
    expect(await bench.ask(dhcpType.offer, stranger)).toBeUndefined();
  });

  it('lets nobody decline what was offered to them once and is another station’s now', async () => {
    const address = (await bench.discover('02:00:00:00:77:02'))?.yourAddress ?? '';
    await bench.clock.jump(3_600_000);
    const options: [number, Uint8Array<ArrayBuffer>][] = [[dhcpOption.requestedAddress, dhcpValue.addresses(address)]];
    expect((await bench.ask(dhcpType.request, stranger, options))?.yourAddress).toBe(address);
    await bench.ask(dhcpType.decline, '02:00:00:00:77:02', options);
    expect(bench.events).toEqual([]);
    await bench.clock.jump(600_000);
    expect((await bench.discover('02:00:00:00:77:02'))?.yourAddress).not.toBe(address);
  });

  it('gives no address to two stations, whatever they ask, and writes answers that can be read', async () => {
    const anyStep = fc.record({
      mac: fc.integer({ min: 1, max: 12 }).map((last) => `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`),
      type: fc.constantFrom(1, 3, 3, 3, 4, 7, 8),
      wish: fc.constantFrom(undefined, '10.1.0.2', '10.1.0.3', '10.1.0.5', '10.1.0.6', '0.0.0.0'),
      have: fc.constantFrom('0.0.0.0', '10.1.0.2', '10.1.0.5', '10.1.0.6'),
      wait: fc.constantFrom(0, 0, 0, 31_000, 600_000, 3_600_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40, size: 'max' }), async (steps) => {
        const small = new Bench(gatewayNetwork({ name: 'lab', subnet: '10.1.0.0/29', mtu: 1500 }));
        const holders = new Map<string, { mac: string; until: number }>();
        for (const { mac, type, wish, have, wait } of steps) {
          await small.clock.jump(wait);
          const options: [number, Uint8Array<ArrayBuffer>][] =
            wish === undefined ? [] : [[dhcpOption.requestedAddress, dhcpValue.addresses(wish)]];
          const answer = await small.ask(type, mac, options, { clientAddress: have });
          if (type === dhcpType.release && holders.get(have)?.mac === mac) holders.delete(have);
          if (type === dhcpType.decline && wish !== undefined && holders.get(wish)?.mac === mac) holders.delete(wish);
          if (!answer) continue;
          expect(parseDhcp(serializeDhcp(answer))).toEqual(answer);
          if (typeOf(answer) !== dhcpType.ack || type !== dhcpType.request) continue;
          const before = holders.get(answer.yourAddress);
          expect(before === undefined || before.mac === mac || before.until <= small.clock.now()).toBe(true);
          const seconds = dhcpNumber(answer.options, dhcpOption.leaseTime) ?? 0;
          holders.set(answer.yourAddress, { mac, until: small.clock.now() + seconds * 1000 });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('answers 100,000 damaged questions or does not, and never fails', async () => {
    const random = printedRandom('DHCP server');
    const options = new Map([
      [dhcpOption.messageType as number, dhcpValue.u8(dhcpType.request)],
      [dhcpOption.requestedAddress, dhcpValue.addresses('10.1.0.200')],
      [dhcpOption.parameterList, Uint8Array.of(1, 3, 6, 12, 15, 26, 42, 119, 121)],
      [dhcpOption.hostName, dhcpValue.text('stranger')],
    ]);
    const sample = serializeDhcp(dhcpQuestion(stranger, options));
    let answered = 0;
    for (let input = 0; input < 100_000; input += 1) {
      const bytes = sample.slice();
      for (let hits = random.below(3); hits > 0; hits -= 1) {
        const at = random.pick([random.below(28), random.below(bytes.length), 240 + random.below(30)]);
        bytes[at] = random.below(256);
      }
      let question: DhcpMessage;
      try {
        question = parseDhcp(bytes);
      } catch {
        continue;
      }
      if (await bench.server.answer(question)) answered += 1;
    }
    expect(answered).toBeGreaterThan(10_000);
    expect(bench.leases.list().length).toBeLessThanOrEqual(256);
  });
});
