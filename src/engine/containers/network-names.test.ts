import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkSpec } from '../../api/network';
import { isHostLabel } from '../../formats/host-label';
import { checkNetwork } from '../../network/ipam';
import { labName, nextSubnet, wishedSubnet } from './network-names';

describe('networks of docker’s in the lab', () => {
  it('have names that the lab can use, each its own', () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,80}$/);
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), (names) => {
        const taken = new Set<string>();
        for (const each of names) {
          const lab = labName(each, taken);
          expect(isHostLabel(lab)).toBe(true);
          expect(taken.has(lab)).toBe(false);
          taken.add(lab);
        }
      }),
    );
  });

  it('keep a name that the lab can use', () => {
    expect(labName('back-end', new Set())).toBe('back-end');
    expect(labName('Shop_default', new Set(['shop-default']))).toBe('shop-default-2');
  });

  it('get subnets that overlap nobody’s, as long as there are any', () => {
    const specs: NetworkSpec[] = [{ name: 'default', subnet: '10.0.0.0/16', mtu: 1500 }];
    for (let at = 0; at < 31; at += 1) {
      const spec = { name: `n${at}`, subnet: nextSubnet(specs), mtu: 1500 };
      checkNetwork(spec, specs);
      specs.push(spec);
    }
    expect(() => nextSubnet(specs)).toThrow('all predefined address pools have been fully subnetted');
  });

  it('have the subnet that is asked for, with its first address as the gateway', () => {
    const Subnet = '10.9.0.0/24';
    const wish = (Config: object) => wishedSubnet({ Name: 'n', IPAM: { Config: [Config] } });
    expect(wishedSubnet({ Name: 'n', IPAM: { Driver: 'default', Config: [] } })).toBeUndefined();
    expect(wish({ Subnet, Gateway: '10.9.0.1', IPRange: Subnet })).toBe(Subnet);
    expect(() => wish({ Subnet, Gateway: '10.9.0.254' })).toThrow('its first address, 10.9.0.1');
    expect(() => wish({ Gateway: '10.9.0.1' })).toThrow('no matching subnet for gateway 10.9.0.1');
    expect(() => wish({ Subnet, IPRange: '10.9.0.128/25' })).toThrow('--ip-range is not supported');
    expect(() => wish({ Subnet, AuxiliaryAddresses: { a: '10.9.0.9' } })).toThrow('--aux-address is not supported');
    expect(() => wishedSubnet({ Name: 'n', IPAM: { Driver: 'dhcp' } })).toThrow('invalid ipam driver: dhcp');
    expect(() => wishedSubnet({ Name: 'n', ConfigOnly: true })).toThrow('config-only networks are not supported');
  });
});
