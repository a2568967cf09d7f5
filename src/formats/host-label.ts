const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether a text is one label of a host name (RFC 1123, 2.1), in lower case. */
export function isHostLabel(text: string): boolean {
  return label.test(text);
}
