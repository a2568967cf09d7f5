import { network } from '../network/recipe';
import { type BaseRecipe, runAs } from '../recipe';

/** It wants CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN. */
export const frr: BaseRecipe = {
  name: 'frr',
  parent: network,
  programs: ['frr'],
  libraries: [
    'cron',
    'cron-daemon-common',
    'libc-ares2',
    'libjson-c5',
    'libpopt0',
    'libyang2',
    'logrotate',
    'lsof',
    'sensible-utils',
  ],
  image: {
    title: 'FRRouting',
    description: 'A router: OSPF, BGP, IS-IS, RIP and more, by vtysh',
    name: 'frr',
    tags: ['8.4', '8', 'latest'],
    versionOf: 'frr',
    run: runAs({ cmd: ['frr-start'], volumes: ['/etc/frr'] }),
  },
};
