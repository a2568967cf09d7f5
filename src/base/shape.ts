/**
 * What a value must look like, told by one that does: every field is there and of that type, every item of a list is like
 * the one here. An empty text, 0 and false stand for all of their type, others for themselves. A field whose name ends in
 * "?" may be absent.
 */
export type Shape = string | number | boolean | readonly Shape[] | { readonly [field: string]: Shape };

/** For values of JSON, from an earlier version or from elsewhere. */
export function hasShape(value: unknown, shape: Shape): boolean {
  if (typeof value !== typeof shape || value === null || Array.isArray(value) !== Array.isArray(shape)) return false;
  if (typeof shape !== 'object') return !shape || value === shape;
  if (Array.isArray(value)) return value.every((item) => hasShape(item, (shape as readonly Shape[])[0] ?? {}));
  return Object.entries(shape).every(([name, wanted]) => {
    const field = (value as Readonly<Record<string, unknown>>)[name.replace('?', '')];
    return hasShape(field, wanted) || (field === undefined && name.endsWith('?'));
  });
}
