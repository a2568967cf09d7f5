/** A text as one word of a shell, which reads it back as the same text. */
export function quoteShellWord(text: string): string {
  if (text !== '' && /^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}
