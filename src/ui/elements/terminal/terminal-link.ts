/** The address of a link that may be opened, or undefined: http and https only, whatever the guest printed. */
export function safeLink(printed: string): string | undefined {
  if (!URL.canParse(printed)) return undefined;
  const url = new URL(printed);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

/** A title as the guest set it, fit to be shown: no control or direction characters, 80 characters at most. */
export function safeTitle(printed: string): string {
  return [...printed.slice(0, 400).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')].slice(0, 80).join('');
}
