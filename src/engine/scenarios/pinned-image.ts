import type { Digest } from '../../api/content-store';
import { familiarName, parseReference } from '../../formats/reference';

/** What may be the beginning of an id. */
const idPattern = /^(?:sha256:)?[0-9a-f]{4,64}$/;

/**
 * The name of an image that means the same tomorrow, `busybox@sha256:…`, of what somebody called it. `known`: the names
 * that it has here. Undefined for one that was called by its id and has no name.
 */
export function pinnedImage(called: string, digest: Digest, known: readonly string[]): string | undefined {
  const names = known.map((each) => each.split('@')[0]);
  const name = nameOf(called);
  const found = name !== undefined && (!idPattern.test(called) || names.includes(name)) ? name : names[0];
  return found === undefined ? undefined : `${found}@${digest}`;
}

/** Without tag and digest. */
function nameOf(called: string): string | undefined {
  try {
    return familiarName(parseReference(called));
  } catch {
    return undefined;
  }
}
