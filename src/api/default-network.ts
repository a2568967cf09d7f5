import type { NetworkSpec } from './network';

/** The network that every instance is on unless told otherwise. It is always there, with room for all. */
export const defaultNetwork: NetworkSpec = { name: 'default', subnet: '10.0.0.0/16', mtu: 1500 };
