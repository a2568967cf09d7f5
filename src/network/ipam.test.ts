import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceId } from '../api/instance';
import type { NetworkSpec, Reservation } from '../api/network';
import { SandboxError } from '../base/errors';
import { parseIpAddress } from '../formats/ip-address';
import { parseSubnet } from '../formats/subnet';
import { checkNetwork, createMac, reserve } from './ipam';

const id = (text: string) => text as InstanceId;
const network = (subnet: string, name = 'lab'): NetworkSpec => ({ name, subnet, mtu: 1500 });
const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
const numberOf = (address: string) => new DataView(parseIpAddress(address).buffer).getUint32(0);

function refusal(work: () => unknown): SandboxError {
  try {
    work();
  } catch (error) {
    if (error instanceof SandboxError) return error;
    throw error;
  }
  throw new Error('Nothing was refused');
}

describe('subnets', () => {
  it.each([
    ['10.1.0.0/24', '10.1.0.1', '10.1.0.2', '10.1.0.254', '10.1.0.255'],
    ['192.168.7.8/30', '192.168.7.9', '192.168.7.10', '192.168.7.10', '192.168.7.11'],
    ['10.0.0.0/8', '10.0.0.1', '10.0.0.2', '10.255.255.254', '10.255.255.255'],
  ])('%s has its gateway, hosts and broadcast', (text, gateway, first, last, broadcast) => {
    const subnet = parseSubnet(text);
    expect([subnet.gateway, subnet.first, subnet.last, subnet.broadcast]).toEqual(
      [gateway, first, last, broadcast].map(numberOf),
    );
  });

  it.each([
    '',
    '10.1.0.0',
    '10.1.0.0/',
    '10.1.0.0/33',
    '10.1.0.0/24/1',
    '10.1.0/24',
    'fe80::/64',
    '10.1.0.0/31',
    '8.0.0.0/7',
  ])('refuses "%s"', (text) => {
    expect(refusal(() => parseSubnet(text)).code).toBe('InvalidArgument');
  });

  it('says what to write instead of host bits', () => {
    expect(refusal(() => parseSubnet('10.1.0.7/24')).message).toContain('10.1.0.0/24');
  });
});

describe('checking a network', () => {
  it.each(['', 'A', '-a', 'a-', 'a.b', 'a b', 'x'.repeat(64), 'ä'])('refuses the name "%s"', (name) => {
    expect(refusal(() => checkNetwork(network('10.1.0.0/24', name), [])).code).toBe('InvalidArgument');
  });

  it.each([0, 575, 9001, 1500.5, Number.NaN])('refuses an MTU of %s', (mtu) => {
    expect(refusal(() => checkNetwork({ ...network('10.1.0.0/24'), mtu }, [])).code).toBe('InvalidArgument');
  });

  it.each(['127.0.0.0/8', '127.1.0.0/24', '224.1.0.0/24', '255.255.255.0/24', '0.0.0.0/8', '169.254.0.0/16'])(
    'refuses %s, which is not for hosts',
    (subnet) => {
      expect(refusal(() => checkNetwork(network(subnet), [])).code).toBe('InvalidArgument');
    },
  );

  it('refuses a name that is taken', () => {
    const error = refusal(() => checkNetwork(network('10.2.0.0/24'), [network('10.1.0.0/24')]));
    expect(error.code).toBe('AlreadyExists');
  });

  it('refuses exactly the subnets that share an address with another network', () => {
    const subnets = fc
      .record({ prefix: fc.integer({ min: 20, max: 30 }), bits: fc.nat(0xfff) })
      .map(({ prefix, bits }) => {
        const base = (bits << 4) & (2 ** 16 - 1) & ~(2 ** (32 - prefix) - 1);
        return { text: `10.9.${base >> 8}.${base & 255}/${prefix}`, base, end: base + 2 ** (32 - prefix) - 1 };
      });
    fc.assert(
      fc.property(subnets, subnets, (a, b) => {
        const shared = a.base <= b.end && b.base <= a.end;
        const check = () => checkNetwork(network(a.text, 'new'), [network(b.text, 'old')]);
        if (shared) expect(refusal(check).code).toBe('FailedPrecondition');
        else expect(check).not.toThrow();
      }),
    );
  });
});

describe('reserving', () => {
  const take = (spec: NetworkSpec, taken: readonly Reservation[], nic: number, address?: string) =>
    reserve(spec, taken, { instance: id('one'), nic, randomBytes, ...(address !== undefined && { address }) });

  it('gives the lowest free address, and says when there is none', () => {
    const spec = network('10.1.0.0/29');
    const taken: Reservation[] = [take(spec, [], 0, '10.1.0.3')];
    for (let nic = 1; nic <= 4; nic += 1) taken.push(take(spec, taken, nic));
    expect(taken.map(({ address }) => address)).toEqual(['10.1.0.3', '10.1.0.2', '10.1.0.4', '10.1.0.5', '10.1.0.6']);
    const error = refusal(() => take(spec, taken, 5));
    expect(error.code).toBe('ResourceExhausted');
    expect(error.message).toContain('all 5');
  });

  it.each([
    ['10.1.0.1', 'InvalidArgument', 'gateway'],
    ['10.1.0.0', 'InvalidArgument', 'from 10.1.0.2 to 10.1.0.254'],
    ['10.1.0.255', 'InvalidArgument', 'from 10.1.0.2 to 10.1.0.254'],
    ['10.2.0.5', 'InvalidArgument', 'from 10.1.0.2 to 10.1.0.254'],
    ['fe80::1', 'InvalidArgument', 'IPv4'],
    ['here', 'InvalidArgument', 'here'],
    ['10.1.0.9', 'AlreadyExists', 'another address'],
  ])('refuses the fixed address %s: %s', (address, code, words) => {
    const spec = network('10.1.0.0/24');
    const taken = [take(spec, [], 0, '10.1.0.9')];
    const error = refusal(() => take(spec, taken, 1, address));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  it('makes a MAC of the address where addresses are soon somebody else’s, unless it is taken', () => {
    const spec = network('10.1.0.0/24');
    const steady = (taken: readonly Reservation[], mac?: string) =>
      reserve(spec, taken, { instance: id('one'), nic: 0, macOfAddress: true, randomBytes, ...(mac && { mac }) });
    const made = steady([]);
    expect(made).toMatchObject({ address: '10.1.0.2', mac: '02:42:0a:01:00:02' });
    const thief = { ...made, instance: id('thief'), address: '10.1.0.77' };
    expect(steady([thief]).mac).not.toBe(made.mac);
    expect(steady([], '02:00:00:00:00:09').mac).toBe('02:00:00:00:00:09');
  });

  it('refuses a second address for one NIC', () => {
    const spec = network('10.1.0.0/24');
    expect(refusal(() => take(spec, [take(spec, [], 0)], 0)).code).toBe('AlreadyExists');
  });

  it('gives the same address on two networks to two instances', () => {
    const taken = [take(network('10.1.0.0/24'), [], 0)];
    expect(take(network('10.2.0.0/24', 'other'), taken, 1).address).toBe('10.2.0.2');
  });

  it('never gives an address or a MAC twice, whatever is reserved and released', () => {
    const steps = fc.array(fc.record({ release: fc.nat(3), index: fc.nat(), net: fc.nat(1) }), {
      maxLength: 60,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (all) => {
        const nets = [network('10.1.0.0/28', 'a'), network('10.2.0.0/28', 'b')];
        const taken: Reservation[] = [];
        for (const [nic, { release, index, net }] of all.entries()) {
          if (release === 0 && taken.length > 0) taken.splice(index % taken.length, 1);
          const spec = nets[net]!;
          const full = taken.filter((each) => each.network === spec.name).length === 13;
          if (full) expect(refusal(() => take(spec, taken, nic)).code).toBe('ResourceExhausted');
          else taken.push(take(spec, taken, nic));
        }
        expect(new Set(taken.map((each) => `${each.network} ${each.address}`)).size).toBe(taken.length);
        expect(new Set(taken.map((each) => each.mac)).size).toBe(taken.length);
        for (const each of taken) {
          const host = numberOf(each.address) & 15;
          expect(host).toBeGreaterThan(1);
          expect(host).toBeLessThan(15);
        }
      }),
    );
  });
});

describe('MAC addresses', () => {
  it('are locally administered and unicast whatever the random bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const first = Number.parseInt(createMac(() => bytes, new Set()).slice(0, 2), 16);
        expect(first & 3).toBe(2);
      }),
    );
  });

  it('are never one that is taken, and a source that repeats itself is told', () => {
    const draws = [Uint8Array.of(2, 0, 0, 0, 0, 1), Uint8Array.of(2, 0, 0, 0, 0, 1), Uint8Array.of(2, 0, 0, 0, 0, 2)];
    let next = 0;
    const mac = createMac(() => draws[next++]!, new Set(['02:00:00:00:00:01']));
    expect(mac).toBe('02:00:00:00:00:02');
    expect(refusal(() => createMac(() => new Uint8Array(6), new Set(['02:00:00:00:00:00']))).code).toBe('Internal');
  });
});
