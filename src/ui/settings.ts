import { type ReadonlySignal, signal } from '@preact/signals-core';

export type Theme = 'system' | 'light' | 'dark';

/** What a person chose for this page; kept over visits where the browser allows it. */
export interface SettingValues {
  readonly theme: Theme;
  /** Terminal text, CSS pixels. */
  readonly fontSize: number;
  readonly screenReader: boolean;
  /** Whether single keys are shortcuts (WCAG 2.1.4 asks for a way to turn them off). */
  readonly singleKeys: boolean;
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
const initial: SettingValues = { theme: 'system', fontSize: 14, screenReader: false, singleKeys: true };

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
  const { theme, fontSize, screenReader, singleKeys } = values;
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    fontSize:
      typeof fontSize === 'number' && Number.isFinite(fontSize)
        ? Math.min(fontSizes.largest, Math.max(fontSizes.smallest, Math.round(fontSize)))
        : initial.fontSize,
    screenReader: screenReader === true,
    singleKeys: singleKeys !== false,
  };
}
