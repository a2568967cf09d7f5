import type { IpamConfig, NetworkCreateBody } from '../../../api/container-network';
import { bool, list, map, strings, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { labelsOf } from '../labels';

/** What belongs to each subnet: a range and a gateway come in the order of their subnets. */
function addressPools(
  subnets: readonly string[],
  ranges: readonly string[],
  gateways: readonly string[],
): readonly IpamConfig[] {
  if (subnets.length === 0 && (ranges.length > 0 || gateways.length > 0)) {
    throw new Error('every ip-range or gateway must have a corresponding subnet');
  }
  return subnets.map((subnet, at) => ({
    Subnet: subnet,
    ...(ranges[at] !== undefined && { IPRange: ranges[at] }),
    ...(gateways[at] !== undefined && { Gateway: gateways[at] }),
  }));
}

export const networkCreate = docker({
  spellings: ['network create'],
  summary: 'Create a network',
  usage: '[OPTIONS] NETWORK',
  args: { min: 1, max: 1 },
  flags: {
    attachable: bool('Enable manual container attachment'),
    'aux-address': map('Auxiliary IPv4 or IPv6 addresses used by Network driver'),
    'config-from': text('The network from which to copy the configuration'),
    'config-only': bool('Create a configuration only network'),
    driver: text('Driver to manage the Network', { short: 'd', initial: 'bridge' }),
    gateway: strings('IPv4 or IPv6 Gateway for the master subnet'),
    ingress: bool('Create swarm routing-mesh network'),
    internal: bool('Restrict external access to the network'),
    'ip-range': strings('Allocate container ip from a sub-range'),
    'ipam-driver': text('IP Address Management Driver', { initial: 'default' }),
    'ipam-opt': map('Set IPAM driver specific options'),
    ipv4: bool('Enable or disable IPv4 address assignment', { initial: true }),
    ipv6: bool('Enable or disable IPv6 address assignment'),
    label: list('Set metadata on a network'),
    opt: map('Set driver specific options', { short: 'o' }),
    scope: text("Control the network's scope"),
    subnet: strings('Subnet in CIDR format that represents a network segment'),
  },
  async run({ args: [name = ''], flags, given }, { engine, io }) {
    const json: NetworkCreateBody & { readonly [key: string]: unknown } = {
      Name: name,
      Driver: flags.driver,
      Scope: flags.scope,
      ...(given.has('ipv4') && { EnableIPv4: flags.ipv4 }),
      ...(given.has('ipv6') && { EnableIPv6: flags.ipv6 }),
      Internal: flags.internal,
      Attachable: flags.attachable,
      Ingress: flags.ingress,
      ConfigOnly: flags['config-only'],
      ConfigFrom: flags['config-from'] === '' ? null : { Network: flags['config-from'] },
      IPAM: {
        Driver: flags['ipam-driver'],
        ...(Object.keys(flags['ipam-opt']).length > 0 && { Options: flags['ipam-opt'] }),
        Config: addressPools(flags.subnet, flags['ip-range'], flags.gateway),
      },
      Options: flags.opt,
      Labels: labelsOf(flags.label),
    };
    const { Id } = await engine.json<{ readonly Id: string }>('POST', '/networks/create', { json });
    await io.stdout.write(`${Id}\n`);
    return 0;
  },
});
