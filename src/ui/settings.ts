import { type ReadonlySignal, signal } from '@preact/signals-core';

export type Theme = 'system' | 'light' | 'dark';

/** What a person chose for this page; kept over visits where the browser allows it. */
export interface SettingValues {
  readonly theme: Theme;
  /** Terminal text, CSS pixels. */
  readonly fontSize: number;
  readonly screenReader: boolean;
}

/** The part of `Storage` that is needed. */
export type SettingStorage = Pick<Storage, 'getItem' | 'setItem'>;

export interface Settings {
  readonly values: ReadonlySignal<SettingValues>;
  change(change: Partial<SettingValues>): void;
}

export const fontSizes = { smallest: 9, largest: 32 } as const;

const key = 'strata.settings';
const initial: SettingValues = { theme: 'system', fontSize: 14, screenReader: false };

/** Without storage, or with one that throws (a sandboxed frame), settings last as long as the page. */
export function createSettings(storage: SettingStorage | undefined): Settings {
  const values = signal(parseSettings(read(storage)));
  return {
    values,
    change(change) {
      values.value = sanitize({ ...values.value, ...change });
      try {
        storage?.setItem(key, JSON.stringify(values.value));
      } catch {
        // Denied or full: the choice holds until the page closes, which is all that can be done.
      }
    },
  };
}

/** Reads what was stored, by whatever version; what makes no sense becomes the initial value. */
export function parseSettings(stored: string | null): SettingValues {
  try {
    const parsed: unknown = JSON.parse(stored ?? '{}');
    return sanitize(typeof parsed === 'object' && parsed !== null ? parsed : {});
  } catch {
    return initial;
  }
}

function read(storage: SettingStorage | undefined): string | null {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

function sanitize(values: Partial<Record<keyof SettingValues, unknown>>): SettingValues {
  const { theme, fontSize, screenReader } = values;
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    fontSize:
      typeof fontSize === 'number' && Number.isFinite(fontSize)
        ? Math.min(fontSizes.largest, Math.max(fontSizes.smallest, Math.round(fontSize)))
        : initial.fontSize,
    screenReader: screenReader === true,
  };
}
