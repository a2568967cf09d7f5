/** `url(...)` and `@import "..."`, as they stand in stylesheets (CSS Syntax 3); comments are passed over. */
const reference =
  /\/\*[\s\S]*?\*\/|(@import\s+)?(?:url\(\s*(?:"([^"]*)"|'([^']*)'|([^'")\s]*))\s*\)|(?<=@import\s+)(?:"([^"]*)"|'([^']*)'))/gi;

/**
 * A stylesheet with other addresses. `load` gives the one to use in place of one that stands there, which for an
 * import is another stylesheet; undefined keeps it out.
 */
export async function rewriteStyle(
  text: string,
  load: (address: string, imported: boolean) => Promise<string | undefined>,
): Promise<string> {
  const found = [...text.matchAll(reference)].map(async (match): Promise<readonly [RegExpMatchArray, string]> => {
    const [whole, at, ...parts] = match;
    const address = parts.find((part) => part !== undefined);
    if (address === undefined || address === '' || /^(data|blob|#)/i.test(address)) return [match, whole];
    const imported = at !== undefined || parts[3] !== undefined || parts[4] !== undefined;
    const loaded = await load(address, imported);
    return [match, `${at ?? ''}url("${loaded ?? 'about:blank'}")`];
  });
  let rewritten = '';
  let from = 0;
  for (const [{ index, 0: whole }, replacement] of await Promise.all(found)) {
    rewritten += text.slice(from, index) + replacement;
    from = (index ?? 0) + whole.length;
  }
  return rewritten + text.slice(from);
}
