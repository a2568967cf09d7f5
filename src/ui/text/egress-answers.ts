/** Said to guests, in place of an answer. */
export const egressWords = {
  off: (network: string) => `Nothing may leave the network "${network}": its egress is off`,
  notAllowed: (host: string, network: string) =>
    `${host} is not among the hosts that the network "${network}" may ask: add it in the view of networks`,
  refused: (host: string, why: string) =>
    `The browser has no answer of ${host} that it may hand on (${why}). It does not say which of these it was: the host does not allow pages of other sites to read it (CORS: Access-Control-Allow-Origin is missing), it redirects (ask for the final address), it cannot be reached`,
  policy: (origin: string) =>
    `This page may not ask ${origin}. Whoever runs the page can allow it: npm start -- --egress "${origin}", or connect-src of the deployment (docs/EGRESS.md)`,
  late: (host: string, seconds: number) => `${host} did not answer within ${seconds} s`,
} as const;
