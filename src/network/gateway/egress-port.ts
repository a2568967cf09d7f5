/** Where a gateway's proxy is; where proxies usually are. */
export const egressPort = 3128;
