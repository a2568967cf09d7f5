/**
 * The word that was probably meant, as BuildKit's `suggest`: the nearest by Levenshtein's distance, unless it is
 * three steps away or more, or there is another as near.
 */
export function nearestWord(word: string, known: readonly string[], caseSensitive = false): string | undefined {
  const wanted = caseSensitive ? word : word.toLowerCase();
  if (wanted.length > 64) return undefined;
  let best: string | undefined;
  let least = 3;
  for (const each of known) {
    const distance = editDistance(wanted, caseSensitive ? each : each.toLowerCase());
    // One that is the same needs no hint.
    if (distance === 0) return undefined;
    if (distance < least) {
      least = distance;
      best = each;
    }
  }
  return best;
}

/** A hint behind a message. */
export function didYouMean(word: string, known: readonly string[], caseSensitive = false): string {
  const nearest = nearestWord(word, known, caseSensitive);
  return nearest === undefined ? '' : ` (did you mean ${nearest}?)`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
