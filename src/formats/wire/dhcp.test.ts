import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress, anyBytes, anyMac, anyU8, anyU16, anyU32, expectRoundTrip, expectTotal } from './codec-fixture';
import { type DhcpMessage, minimalDhcpBytes, parseDhcp, serializeDhcp } from './dhcp';
import { dhcpAddress, dhcpNumber, dhcpOption, dhcpType, dhcpTypeOf, dhcpValue, parseDhcpRoutes } from './dhcp-options';

const offer: DhcpMessage = {
  op: 'reply',
  hops: 0,
  transactionId: 0xdeadbeef,
  seconds: 1,
  broadcast: true,
  clientAddress: '0.0.0.0',
  yourAddress: '10.0.0.5',
  serverAddress: '0.0.0.0',
  relayAddress: '0.0.0.0',
  clientMac: '02:5e:00:00:00:01',
  serverName: '',
  bootFile: '',
  options: new Map([
    [dhcpOption.messageType, dhcpValue.u8(dhcpType.offer)],
    [dhcpOption.serverId, dhcpValue.addresses('10.0.0.1')],
    [dhcpOption.leaseTime, dhcpValue.u32(3600)],
    [dhcpOption.mtu, dhcpValue.u16(1500)],
  ]),
};

const withOptions = (sizes: readonly (readonly [option: number, bytes: number])[]): DhcpMessage => {
  const options = new Map(sizes.map(([option, bytes]) => [option, new Uint8Array(bytes).fill(option)]));
  return { ...offer, options };
};

describe('DHCP messages', () => {
  it('have the fixed fields, the cookie and then the options', () => {
    const bytes = serializeDhcp(offer);
    expect([...bytes.subarray(0, 12)]).toEqual([2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 1, 0x80, 0]);
    expect([...bytes.subarray(236, 246)]).toEqual([99, 130, 83, 99, 53, 1, 2, 54, 4, 10]);
    expect(bytes.length).toBe(300);
  });

  it('are read as they were written', () => {
    const anyText = (maxLength: number) =>
      anyBytes({ maxLength }).map((bytes) => String.fromCharCode(...bytes.map((byte) => byte || 1)));
    const anyOptions = fc
      .array(
        fc.tuple(
          fc.integer({ min: 1, max: 254 }).filter((option) => option !== 52),
          anyBytes({ maxLength: 600 }),
        ),
        { maxLength: 5 },
      )
      .map((entries) => new Map(entries));
    const anyMessage = fc.record({
      op: fc.constantFrom('request' as const, 'reply' as const),
      hops: anyU8,
      transactionId: anyU32,
      seconds: anyU16,
      broadcast: fc.boolean(),
      clientAddress: anyAddress,
      yourAddress: anyAddress,
      serverAddress: anyAddress,
      relayAddress: anyAddress,
      clientMac: anyMac,
      serverName: anyText(64),
      bootFile: anyText(128),
      options: anyOptions,
    });
    expectRoundTrip(anyMessage, (each) => serializeDhcp(each, 4000), parseDhcp);
  });

  it.each([
    [
      'the field for the file',
      [
        [200, 250],
        [201, 100],
      ],
      1,
    ],
    [
      'the field for the name, when there is no room in the other',
      [
        [200, 250],
        [201, 200],
        [202, 50],
      ],
      2,
    ],
    [
      'both',
      [
        [200, 250],
        [201, 120],
        [202, 50],
      ],
      3,
    ],
  ] as const)('put options that do not fit into %s', (_, sizes, said) => {
    const given = said === 2 ? { ...withOptions(sizes), bootFile: 'boot.img' } : withOptions(sizes);
    const message =
      said === 2
        ? {
            ...given,
            options: withOptions([
              [200, 250],
              [202, 50],
            ]).options,
          }
        : given;
    const bytes = serializeDhcp(message, said === 2 ? 500 : minimalDhcpBytes);
    expect(bytes.length).toBeLessThanOrEqual(minimalDhcpBytes);
    expect([...bytes.subarray(240, 243)]).toEqual([52, 1, said]);
    expect(parseDhcp(bytes)).toEqual(message);
  });

  it('are not written when their options fit nowhere', () => {
    expect(() => serializeDhcp(withOptions([[200, 600]]))).toThrow('do not fit');
    expect(() => serializeDhcp(withOptions([[52, 1]]))).toThrow('cannot be set');
  });

  it('join the parts of a long option, wherever they stand', () => {
    const bytes = serializeDhcp({ ...offer, options: new Map() });
    bytes.set([52, 1, 3, 119, 2, 1, 2, 255], 240);
    bytes.set([119, 1, 3, 255], 108);
    bytes.set([119, 1, 4, 12, 1, 65, 255], 44);
    const { options } = parseDhcp(bytes);
    expect(options).toEqual(
      new Map([
        [119, Uint8Array.of(1, 2, 3, 4)],
        [12, Uint8Array.of(65)],
      ]),
    );
  });

  it('are refused with a typed error when they are damaged', () => {
    const overloaded = serializeDhcp(
      withOptions([
        [200, 250],
        [201, 120],
        [202, 50],
      ]),
    );
    expectTotal('DHCP', parseDhcp, [serializeDhcp(offer), overloaded]);
  });
});

describe('DHCP options', () => {
  it('are read by their type, and are nothing when they are malformed', () => {
    expect(dhcpTypeOf(offer.options)).toBe(dhcpType.offer);
    expect(dhcpTypeOf(new Map([[53, Uint8Array.of(99)]]))).toBeUndefined();
    expect(dhcpAddress(offer.options, dhcpOption.serverId)).toBe('10.0.0.1');
    expect(dhcpAddress(offer.options, dhcpOption.mtu)).toBeUndefined();
    expect(dhcpNumber(offer.options, dhcpOption.leaseTime)).toBe(3600);
    expect(dhcpNumber(offer.options, dhcpOption.mtu)).toBe(1500);
    expect(dhcpNumber(offer.options, dhcpOption.router)).toBeUndefined();
  });

  it('tell routes with as many bytes of the destination as are significant', () => {
    const routes = [
      { destination: '0.0.0.0', prefixLength: 0, router: '10.0.0.1' },
      { destination: '10.17.0.0', prefixLength: 16, router: '10.0.0.2' },
      { destination: '169.254.169.254', prefixLength: 32, router: '0.0.0.0' },
    ];
    const bytes = dhcpValue.routes(...routes);
    expect([...bytes.subarray(0, 12)]).toEqual([0, 10, 0, 0, 1, 16, 10, 17, 10, 0, 0, 2]);
    expect(parseDhcpRoutes(bytes)).toEqual(routes);
    expect(() => parseDhcpRoutes(bytes.subarray(1))).toThrow('Not a list of routes');
  });
});
