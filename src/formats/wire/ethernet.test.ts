import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyBytes, anyMac, anyU16, expectRoundTrip, expectTotal } from './codec-fixture';
import { type EthernetFrame, etherType, isVlanTag, parseEthernet, serializeEthernet } from './ethernet';

const frame: EthernetFrame = {
  destination: 'ff:ff:ff:ff:ff:ff',
  source: '02:5e:00:00:00:01',
  tags: [
    { type: etherType.serviceVlan, priority: 7, dropEligible: false, id: 4095 },
    { type: etherType.vlan, priority: 1, dropEligible: true, id: 5 },
  ],
  etherType: etherType.arp,
  payload: Uint8Array.of(1, 2, 3),
};

describe('Ethernet frames', () => {
  it('have their tags before the type', () => {
    const bytes = serializeEthernet(frame);
    expect([...bytes.subarray(12)]).toEqual([0x88, 0xa8, 0xef, 0xff, 0x81, 0x00, 0x30, 0x05, 0x08, 0x06, 1, 2, 3]);
  });

  it('are read as they were written', () => {
    const anyTag = fc.record({
      type: fc.constantFrom(etherType.vlan, etherType.serviceVlan),
      priority: fc.nat(7),
      dropEligible: fc.boolean(),
      id: fc.nat(4095),
    });
    const anyFrame = fc.record({
      destination: anyMac,
      source: anyMac,
      tags: fc.array(anyTag, { maxLength: 3 }),
      etherType: anyU16.filter((type) => !isVlanTag(type)),
      payload: anyBytes({ maxLength: 100 }),
    });
    expectRoundTrip(anyFrame, serializeEthernet, parseEthernet);
  });

  it('are refused with a typed error when they are damaged', () => {
    expect(() => parseEthernet(serializeEthernet(frame).subarray(0, 21))).toThrow('1 bytes are missing');
    expectTotal('Ethernet', parseEthernet, [serializeEthernet(frame), new Uint8Array(60)]);
  });
});
