import { describe, expect, it } from 'vitest';
import { wishedMtu } from './network-options';

describe('options of a network', () => {
  it.each([
    [{}, undefined],
    [{ 'com.docker.network.driver.mtu': '1400' }, 1400],
    [{ 'com.docker.network.enable_ipv4': 'true', 'com.docker.network.enable_ipv6': 'false' }, undefined],
    [{ 'com.docker.network.bridge.enable_icc': 'true', 'com.docker.network.bridge.host_binding_ipv4': '' }, undefined],
  ])('%j is what networks are, or can be', (options, mtu) => {
    expect(wishedMtu(options)).toBe(mtu);
  });

  it.each([
    ['com.docker.network.bridge.enable_icc', 'false'],
    ['com.docker.network.bridge.enable_ip_masquerade', '0'],
    ['com.docker.network.bridge.name', 'br0'],
    ['com.docker.network.bridge.host_binding_ipv4', '127.0.0.1'],
    ['com.docker.network.enable_ipv6', '1'],
    ['parent', ''],
    ['toString', ''],
  ])('%s=%s is refused by its name', (name, value) => {
    expect(() => wishedMtu({ [name]: value })).toThrow(`the network option "${name}=${value}" is not supported`);
  });

  it('an MTU is a number', () => {
    expect(() => wishedMtu({ 'com.docker.network.driver.mtu': 'big' })).toThrow('invalid value');
  });
});
