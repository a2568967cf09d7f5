/** Keys that a phone's keyboard has not. */
export const touchKeys = ['ctrl', 'escape', 'tab', 'left', 'up', 'down', 'right'] as const;
export type TouchKey = (typeof touchKeys)[number];

const arrows = { up: 'A', down: 'B', right: 'C', left: 'D' } as const;

/**
 * What a key sends. Arrows are said in two ways, after the mode that a program has set (ECMA-48, DECCKM), and in a
 * third with Ctrl held (xterm's modifier 5). Undefined for Ctrl, which changes the next key.
 */
export function touchKeyText(key: TouchKey, applicationCursor: boolean, control: boolean): string | undefined {
  if (key === 'ctrl') return undefined;
  if (key === 'escape') return '\x1b';
  if (key === 'tab') return '\t';
  const introducer = control ? '[1;5' : applicationCursor ? 'O' : '[';
  return `\x1b${introducer}${arrows[key]}`;
}

/** A character as it is with Ctrl held: Ctrl+C is 3. What has no such meaning stays as it is. */
export function withControl(data: string): string {
  if (data.length !== 1) return data;
  if (data === '?') return '\x7f';
  const code = data === ' ' ? 64 : data.toUpperCase().charCodeAt(0);
  return code >= 64 && code < 96 ? String.fromCharCode(code - 64) : data;
}
