import type { NetworkConnectBody } from '../../../api/container-network';
import { segment } from '../../engine/engine-client';
import { int, list, strings, text } from '../../grammar/flag';
import { docker } from '../docker-context';

function splitOption(option: string): readonly [string, string] {
  const at = option.indexOf('=');
  if (at < 0) throw new Error('invalid key/value pair format in driver options');
  return [option.slice(0, at), option.slice(at + 1)];
}

export const networkConnect = docker({
  spellings: ['network connect'],
  summary: 'Connect a container to a network',
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: { min: 2, max: 2 },
  completes: ['network', 'container'],
  flags: {
    alias: strings('Add network-scoped alias for the container'),
    'driver-opt': strings('driver options for the network'),
    'gw-priority': int('Highest gw-priority provides the default gateway. Accepts positive and negative values.'),
    ip: text('IPv4 address (e.g., "172.30.100.104")'),
    ip6: text('IPv6 address (e.g., "2001:db8::33")'),
    link: list('Add link to another container'),
    'link-local-ip': strings('Add a link-local address for the container'),
  },
  async run({ args: [network = '', container = ''], flags }, { engine }) {
    const json: NetworkConnectBody = {
      Container: container,
      EndpointConfig: {
        IPAMConfig: {
          ...(flags.ip !== '' && { IPv4Address: flags.ip }),
          ...(flags.ip6 !== '' && { IPv6Address: flags.ip6 }),
          ...(flags['link-local-ip'].length > 0 && { LinkLocalIPs: flags['link-local-ip'] }),
        },
        Links: flags.link,
        Aliases: flags.alias,
        DriverOpts: Object.fromEntries(flags['driver-opt'].map(splitOption)),
        ...(flags['gw-priority'] !== undefined && { GwPriority: flags['gw-priority'] }),
      },
    };
    await engine.done('POST', `/networks/${segment(network)}/connect`, { json });
    return 0;
  },
});
