import type { ErrorDetails, ErrorRecord } from '../../base/errors';
import { text } from '../text';

/** A clause of a message that says what to do: "…: remove one", "…; choose another", "…. Copy it again". */
const advice =
  /[:;.,] (?:build|choose|close|copy|delete|detach|download|drop|fetch|free|give|make|open|pull|put|reload|release|remove|rename|stop|take|try|use|wait|you have to)\b/i;

/**
 * What failed and what to do: the message's own advice where it has some, and else what helps against such failures. Of a part
 * that could not be fetched (`storage/download.ts`) it is told why, and not by its digest.
 */
export function failureWords({
  code,
  message,
  details,
}: Pick<ErrorRecord, 'code' | 'message'> & { readonly details?: ErrorDetails }): string {
  const { reason, url } = details ?? {};
  if (code === 'Unavailable' && typeof reason === 'string' && url !== undefined) return text.notFetched(reason);
  const next = advice.test(message) ? '' : text.next[code];
  return [message, next].filter((part) => part !== '').join('. ');
}
