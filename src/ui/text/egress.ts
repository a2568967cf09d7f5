import type { Egress } from '../../api/network';

/** Words of what leaves a network. They come with what shows it. */
export const egressText = {
  label: 'Egress',
  off: 'off',
  fetch: (hosts: number) => (hosts === 1 ? 'HTTP by this page, to 1 host' : `HTTP by this page, to ${hosts} hosts`),
  relay: (relay: string, hosts: number) => `HTTP by ${relay}, to ${hosts === 1 ? '1 host' : `${hosts} hosts`}`,
  of: (egress: Egress | undefined): string => {
    if (!egress) return egressText.off;
    const { hosts, relay } = egress;
    const named = relay?.replace(/^https?:\/\//, '').split(/[/?#]/)[0];
    return named === undefined ? egressText.fetch(hosts.length) : egressText.relay(named, hosts.length);
  },
  engineApi: 'Docker API for guests',
  change: (network: string) => `Change what may leave ${network}`,

  dialog: {
    title: (network: string) => `What may leave ${network}`,
    about:
      'Guests reach nothing outside of the lab. You can let them ask hosts that you name, by HTTP: the gateway is their proxy, and this page asks for them, as any page may.',
    off: 'Nothing',
    fetch: 'HTTP to the hosts below, by this page',
    relay: 'HTTP to the hosts below, through a relay',
    hosts: 'Hosts, one a line',
    hostsHint: 'example.com; *.example.com for all below it',
    relayLabel: 'Relay',
    relayHint: 'An address with {url} for what is wanted. Whoever runs it sees all that is asked',
    how: (gateway: string) =>
      `In a guest: export http_proxy=http://${gateway}, then ask for http:// addresses; the page asks by HTTPS unless a port is named. Hosts must allow pages of other sites to read them (CORS).`,
    engineApi: 'Docker Engine API for guests of this network',
    engineApiHint:
      'Whoever is on it may then do all that you can with containers and images. In a guest: http://gateway:2375',
    go: 'Save',
  },
} as const;
