import { SandboxError } from '../../base/errors';

/** Where the scenario is that an address asks for. */
export type ScenarioAddress =
  /** In the address itself; see `share-code.ts`. */
  | { readonly kind: 'code'; readonly code: string }
  /** Elsewhere. What comes from there has this digest, where one was given: SHA-256 in hexadecimal. */
  | { readonly kind: 'url'; readonly url: URL; readonly sha256?: string };

/**
 * Reads `#s=CODE` and `?scenario=URL&sha256=HEX`; undefined for an address that asks for none. A scenario of another
 * origin needs its digest, for whoever has that origin could change what a link does after it was given away:
 * `InvalidArgument` without.
 */
export function scenarioAddress(address: URL): ScenarioAddress | undefined {
  const code = /^#s=(.*)$/.exec(address.hash)?.[1];
  if (code !== undefined) return { kind: 'code', code };
  const given = address.searchParams.get('scenario');
  if (given === null) return undefined;
  const url = URL.canParse(given, address.href) ? new URL(given, address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new SandboxError('InvalidArgument', `The link names no address of a scenario: "${given}"`);
  }
  const sha256 = address.searchParams.get('sha256')?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new SandboxError('InvalidArgument', `The link's sha256 is no digest of 64 hexadecimal digits: "${sha256}"`);
  }
  if (sha256 === undefined && url.origin !== address.origin) {
    const message = `The link names a scenario of ${url.host} without its digest. Add &sha256= and the 64 digits that sha256sum prints for the file`;
    throw new SandboxError('InvalidArgument', message);
  }
  return { kind: 'url', url, ...(sha256 !== undefined && { sha256 }) };
}

/** The address of a page that opens what the code holds. */
export function shareLink(page: URL, code: string): string {
  const link = new URL(page);
  link.search = '';
  link.hash = `s=${code}`;
  return link.href;
}
