/**
 * What a PC's keyboard sends for each key (scan code set 1), by the key's place as browsers name it
 * (UI Events KeyboardEvent code Values). Codes above 0xff begin with the byte 0xe0.
 */

/** Keys whose codes follow one another, from code 1 on; "-" for a code that no key has. */
const inOrder = [
  'Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace',
  'Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter',
  'ControlLeft KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote',
  'ShiftLeft Backslash KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply',
  'AltLeft Space CapsLock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock',
  'Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal',
  '- - IntlBackslash F11 F12',
]
  .join(' ')
  .split(' ');

const others: Readonly<Record<string, number>> = {
  NumpadEqual: 0x59,
  KanaMode: 0x70,
  IntlRo: 0x73,
  Convert: 0x79,
  NonConvert: 0x7b,
  IntlYen: 0x7d,
  NumpadComma: 0x7e,
  NumpadEnter: 0xe01c,
  ControlRight: 0xe01d,
  NumpadDivide: 0xe035,
  PrintScreen: 0xe037,
  AltRight: 0xe038,
  Home: 0xe047,
  ArrowUp: 0xe048,
  PageUp: 0xe049,
  ArrowLeft: 0xe04b,
  ArrowRight: 0xe04d,
  End: 0xe04f,
  ArrowDown: 0xe050,
  PageDown: 0xe051,
  Insert: 0xe052,
  Delete: 0xe053,
  MetaLeft: 0xe05b,
  MetaRight: 0xe05c,
  ContextMenu: 0xe05d,
};

const codes: ReadonlyMap<string, number> = new Map([
  ...inOrder.map((key, index) => [key, index + 1] as const),
  ...Object.entries(others),
]);

/** Pause has no release: it sends both at once. */
const pauseBytes = [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5];

/** The bytes of a key that is pressed or let go; undefined for a key that a PC's keyboard has not. */
export function scanCodes(key: string, down: boolean): readonly number[] | undefined {
  if (key === 'Pause') return down ? pauseBytes : [];
  const code = codes.get(key);
  if (code === undefined || key === '-') return undefined;
  const byte = (code & 0xff) | (down ? 0 : 0x80);
  return code > 0xff ? [0xe0, byte] : [byte];
}
