import type { Egress } from '../api/network';
import { SandboxError } from '../base/errors';
import { isHostLabel } from '../formats/host-label';

/** Hosts that one network may name. */
const maxHosts = 100;

/** Throws `InvalidArgument` unless it can be had; says what is wrong with what. */
export function checkEgress({ hosts, relay }: Egress): void {
  if (hosts.length === 0 || hosts.length > maxHosts) {
    throw invalid(`Egress needs 1 to ${maxHosts} hosts that may be asked, not ${hosts.length}`);
  }
  for (const host of hosts) {
    if (isHostPattern(host)) continue;
    const rule = 'name hosts as "example.com", all below one as "*.example.com", addresses as "192.0.2.1"';
    throw invalid(`Not a host: "${host.slice(0, 80)}"; ${rule}`);
  }
  if (relay === undefined) return;
  const example = relay.replace('{url}', 'x');
  if (relay.includes('{url}') && /^https?:\/\//.test(relay) && URL.canParse(example)) return;
  throw invalid(`Not a relay: "${relay.slice(0, 80)}"; it is an address with {url} for what is wanted`);
}

/** Whether a host may be asked; undefined egress allows nobody. */
export function allowsHost(egress: Egress | undefined, host: string): boolean {
  const asked = host.toLowerCase();
  return (egress?.hosts ?? []).some((allowed) =>
    allowed.startsWith('*.') ? asked.endsWith(allowed.slice(1)) : asked === allowed,
  );
}

function isHostPattern(host: string): boolean {
  const labels = host.replace(/^\*\./, '').split('.');
  return host.length <= 253 && labels.every(isHostLabel) && (!host.startsWith('*.') || labels.length > 1);
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
