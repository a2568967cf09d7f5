/** Filters as the API wants them: `{"name":{"web":true}}`; undefined without any. */
export function filterQuery(filters: readonly string[]): string | undefined {
  if (filters.length === 0) return undefined;
  const all: Record<string, Record<string, boolean>> = {};
  for (const filter of filters) {
    const at = filter.indexOf('=');
    const name = filter.slice(0, at).trim().toLowerCase();
    all[name] = { ...all[name], [filter.slice(at + 1).trim()]: true };
  }
  return JSON.stringify(all);
}
