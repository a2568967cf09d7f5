import { describe, expect, it } from 'vitest';
import type { ContainerConfig, ContainerCreateBody, HostConfig } from '../../api/container';
import { checkConfig, checkNames, checkNetworkMode, readMac } from './check-config';

describe('what a container cannot be', () => {
  it.each([
    [{ ExposedPorts: { '99999/tcp': {} } }, 'invalid containerPort: 99999'],
    [{ ExposedPorts: { '80/foo': {} } }, 'invalid port specification: "80/foo"'],
    [{ WorkingDir: 'rel' }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
    [{ Env: ['A=1', '=x'] }, 'invalid environment variable: =x'],
    [{ Env: ['A=\0'] }, 'invalid environment variable: A='],
    [{ Hostname: 'a\n1.2.3.4 bank' }, 'invalid hostname format'],
    [{ Domainname: 'a\r' }, 'invalid domainname format'],
    [{ Healthcheck: { Test: ['FOO'] } }, "Unknown probe type 'FOO'"],
    [{ Healthcheck: { Interval: 5 } }, 'Interval in Healthcheck cannot be less than 1ms'],
    [{ Healthcheck: { Timeout: -1 } }, 'Timeout in Healthcheck cannot be less than 1ms'],
    [{ Healthcheck: { StartPeriod: 999_999 } }, 'StartPeriod in Healthcheck cannot be less than 1ms'],
    [{ Healthcheck: { Retries: -1 } }, 'Retries in Healthcheck cannot be negative'],
  ] satisfies readonly [Partial<ContainerConfig>, string][])('is refused: %j', (config, message) => {
    expect(() => checkConfig({ Image: 'x', ...config })).toThrow(message);
  });

  it('is nothing of the usual', () => {
    checkConfig({
      ...{ Image: 'x', Hostname: 'web-1', WorkingDir: '/', Env: ['A=', 'B=x=y'] },
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1_000_000, Timeout: 0 },
    });
    checkNames({ Dns: ['10.0.0.1', 'fd00::1'], DnsSearch: ['.', 'a.example'], DnsOptions: ['ndots:2'] });
    checkNames({ ExtraHosts: ['a:1.2.3.4', 'b=host-gateway', 'c:::1'] });
    checkNetworkMode({ Image: 'x', Hostname: 'a', HostConfig: { NetworkMode: 'n1', Dns: ['1.1.1.1'] } });
    checkNetworkMode({ Image: 'x', HostConfig: { NetworkMode: 'container:a' } });
  });

  it.each([
    [{ DnsSearch: ['a\nnameserver 6.6.6.6'] }, 'is not a valid domain'],
    [{ DnsOptions: ['ndots:1\nsearch x'] }, 'invalid DNS option'],
    [{ Dns: ['one.one\n'] }, 'is not an ip address'],
    [{ ExtraHosts: ['a:1.2.3.4\n6.6.6.6 bank'] }, 'bad format for add-host'],
    [{ ExtraHosts: ['a:nowhere'] }, 'invalid IP address in add-host: "nowhere"'],
  ] satisfies readonly [HostConfig, string][])('is refused as a line of its files: %j', (host, message) => {
    expect(() => checkNames(host)).toThrow(message);
  });

  it.each([
    [{ Hostname: 'a' }, {}, 'hostname and the network mode'],
    [{}, { Dns: ['1.1.1.1'] }, 'dns and the network mode'],
    [{}, { Links: ['db'] }, "container type network can't be used with links"],
    [{}, { ExtraHosts: ['a:1.2.3.4'] }, 'custom host-to-IP mapping and the network mode'],
    [{ MacAddress: '02:42:ac:44:00:10' }, {}, 'mac-address and the network mode'],
    [{}, { PublishAllPorts: true }, 'port publishing and the container type network mode'],
    [{ ExposedPorts: { '80/tcp': {} } }, {}, 'port exposing and the container type network mode'],
  ] satisfies readonly [Partial<ContainerCreateBody>, HostConfig, string][])(
    'has nothing of its own on the network of another: %j %j',
    (config, host, what) => {
      const body = { Image: 'x', ...config, HostConfig: { ...host, NetworkMode: 'container:other' } };
      expect(() => checkNetworkMode(body)).toThrow(`conflicting options: ${what}`);
    },
  );

  it('has a MAC that an interface can have', () => {
    expect(readMac('02-42-AC-44-00-10')).toBe('02:42:ac:44:00:10');
    for (const mac of ['zz', '02:42:ac:44:00', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00']) {
      expect(() => readMac(mac)).toThrow('invalid MAC address');
    }
  });
});
