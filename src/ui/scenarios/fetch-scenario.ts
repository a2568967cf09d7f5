import { toHex } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import type { ScenarioAddress } from '../../formats/scenario/scenario-address';
import { decodeShareCode } from '../../formats/scenario/share-code';
import { scenarioLinkText as words } from '../text/scenario-links';

/** Bytes of a scenario's file at most. */
const sizeLimit = 1024 * 1024;

/**
 * The text that an address asks for. `NotFound` for what is not there, `Unavailable` for what cannot be fetched, `DataLoss` for what is not what the link was
 * made for, `ResourceExhausted` for what is too long.
 */
export async function fetchScenario(address: ScenarioAddress, signal: AbortSignal): Promise<string> {
  if (address.kind === 'code') return decodeShareCode(address.code);
  const { url, sha256 } = address;
  // No name and no password of the user goes to whoever made the link.
  const response = await fetch(url, { signal, credentials: 'omit', referrerPolicy: 'no-referrer' }).catch(
    (cause: unknown) => {
      throw new SandboxError('Unavailable', words.noAnswer(url.host, url.pathname), { cause });
    },
  );
  if (response.status === 404 || response.status === 410)
    throw new SandboxError('NotFound', words.missing(url.host, url.pathname));
  if (!response.ok) throw new SandboxError('Unavailable', words.refused(url.host, url.pathname, response.status));
  const bytes = new Uint8Array(await readWithin(response, url));
  if (sha256 !== undefined) {
    const found = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
    if (found !== sha256) {
      throw new SandboxError('DataLoss', words.other(url.host, url.pathname, found, sha256));
    }
  }
  return new TextDecoder().decode(bytes);
}

async function readWithin(response: Response, url: URL): Promise<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (const reader = response.body?.getReader(); reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > sizeLimit) {
      await reader.cancel();
      throw new SandboxError('ResourceExhausted', words.tooLong(url.host, url.pathname, sizeLimit));
    }
    parts.push(value);
  }
  return new Blob(parts).arrayBuffer();
}
