import { formatBytes } from '../../../base/bytes';
import { topologyText } from '../../text/topology';
import type { LinkRate } from '../../topology/link-traffic';

/** `↑ 12 KB/s ↓ 3 KB/s`; to and from the network. */
export function rateWords({ sent, received }: LinkRate): string {
  const { both, rate } = topologyText;
  return both(rate(formatBytes(sent)), rate(formatBytes(received)));
}
