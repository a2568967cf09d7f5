/**
 * The characters that a PC's display has in its ROM, as Unicode has them (IBM code page 437, with its graphic characters
 * below 32). A guest that loads a font of its own may show others.
 */
const characters = [
  ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼',
  Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join(''),
  '⌂',
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ',
  'áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐',
  '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀',
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
].join('');

/** One character for each byte. */
export function decodeCodePage437(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) text += characters[byte & 0xff] ?? ' ';
  return text;
}
