/** A name and its tag apart; a digest stays with the name. */
export function splitTag(reference: string): { readonly name: string; readonly tag?: string } {
  if (reference.includes('@')) return { name: reference };
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  return colon < 0 ? { name: reference } : { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** `os[/arch[/variant]]` as the API wants it (OCI image-spec, platform). */
export function parsePlatform(given: string): Readonly<Record<string, string>> {
  const [os = '', architecture, variant] = given.split('/');
  return { ...(architecture !== undefined && { architecture }), os, ...(variant !== undefined && { variant }) };
}
