import { type ReadonlySignal, signal } from '@preact/signals-core';

export type Theme = 'system' | 'light' | 'dark';
export type Contrast = 'system' | 'more';
export type Motion = 'system' | 'reduce';

/** What a person chose for this page; kept over visits where the browser allows it. */
export interface SettingValues {
  readonly theme: Theme;
  readonly contrast: Contrast;
  readonly motion: Motion;
  /** Large type, to be read from the back of a lecture hall. */
  readonly stage: boolean;
  /** Terminal text, CSS pixels. */
  readonly fontSize: number;
  /** Font of terminals, by the name that the browser has for it; empty: the system's. */
  readonly fontFamily: string;
  readonly screenReader: boolean;
  /** Whether single keys are shortcuts (WCAG 2.1.4 asks for a way to turn them off). */
  readonly singleKeys: boolean;
  /** Whether parts of the page carry the terms of the lecture whose role they play. */
  readonly lecture: boolean;
}

/** The part of `Storage` that is needed. */
export type SettingStorage = Pick<Storage, 'getItem' | 'setItem'>;

export interface Settings {
  readonly values: ReadonlySignal<SettingValues>;
  change(change: Partial<SettingValues>): void;
  /** What was kept under a name on an earlier visit; undefined when there is nothing, or nothing readable. */
  recall(name: string): unknown;
  /** Keeps plain JSON for the next visit, where the browser allows it. */
  keep(name: string, value: unknown): void;
}

export const fontSizes = { smallest: 9, largest: 32 } as const;

const key = 'strata.settings';
const initialFontSize = 14;

/** What can stand between quotes in a list of fonts. */
const fontName = /^[\p{L}\p{N}][\p{L}\p{N} ._+-]{0,79}$/u;

/** Terminal text on a stage, at least. */
const stageFontSize = 22;

/** Without storage, or with one that throws (a sandboxed frame), settings last as long as the page. */
export function createSettings(storage: SettingStorage | undefined): Settings {
  const values = signal(parseSettings(read(storage, key)));
  return {
    values,
    change(change) {
      values.value = sanitize({ ...values.value, ...change });
      write(storage, key, values.value);
    },
    recall: (name) => parse(read(storage, `strata.${name}`)),
    keep: (name, value) => write(storage, `strata.${name}`, value),
  };
}

/** The size that terminals have, CSS pixels. */
export function terminalFontSize({ fontSize, stage }: Pick<SettingValues, 'fontSize' | 'stage'>): number {
  return stage ? Math.max(fontSize, stageFontSize) : fontSize;
}

function write(storage: SettingStorage | undefined, name: string, value: unknown): void {
  try {
    storage?.setItem(name, JSON.stringify(value));
  } catch {
    // Denied or full: the choice holds until the page closes, which is all that can be done.
  }
}

function parse(stored: string | null): unknown {
  try {
    return stored === null ? undefined : JSON.parse(stored);
  } catch {
    return undefined;
  }
}

/** Reads what was stored, by whatever version; what makes no sense becomes the initial value. */
export function parseSettings(stored: string | null): SettingValues {
  const parsed = parse(stored);
  return sanitize(typeof parsed === 'object' && parsed !== null ? parsed : {});
}

function read(storage: SettingStorage | undefined, name: string): string | null {
  try {
    return storage?.getItem(name) ?? null;
  } catch {
    return null;
  }
}

function sanitize(values: Partial<Record<keyof SettingValues, unknown>>): SettingValues {
  const { theme, contrast, motion, stage, fontSize, fontFamily, screenReader, singleKeys, lecture } = values;
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    contrast: contrast === 'more' ? contrast : 'system',
    motion: motion === 'reduce' ? motion : 'system',
    stage: stage === true,
    fontSize:
      typeof fontSize === 'number' && Number.isFinite(fontSize)
        ? Math.min(fontSizes.largest, Math.max(fontSizes.smallest, Math.round(fontSize)))
        : initialFontSize,
    fontFamily: typeof fontFamily === 'string' && fontName.test(fontFamily) ? fontFamily : '',
    screenReader: screenReader === true,
    singleKeys: singleKeys !== false,
    lecture: lecture === true,
  };
}
