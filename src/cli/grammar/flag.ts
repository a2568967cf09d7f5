import { parseByteSize } from '../../formats/byte-size';
import { parseGoDuration } from '../../formats/dockerfile/go-duration';

/** One flag of a command: what it is called in help, and how its text becomes a value. */
export interface Flag<T> {
  /** One letter, for `-a`. */
  readonly short?: string;
  /** What help calls its value; empty for a flag that has none. */
  readonly valueName: string;
  readonly usage: string;
  /** What help shows as its default; absent where that goes without saying. */
  readonly shownDefault?: string;
  readonly initial: T;
  /** It can stand without a value, and then has this one. */
  readonly implied?: string;
  /** What its values are, for completion. */
  readonly completes?: CompletionKind;
  /** Why it cannot be had here. It is in the grammar, so that who gives it learns that. */
  readonly refused?: string;
  /** The value after one more mention. Throws an Error whose message says what is wrong with the text. */
  take(text: string, before: T, mentions: number): T;
}

/** What a word stands for, so that its end can be found for it. */
export type CompletionKind =
  | 'container'
  | 'running-container'
  | 'image'
  | 'volume'
  /** `data:/in/the/container` of `-v`. */
  | 'volume-mount'
  /** `web:/etc/passwd`, or a file. */
  | 'copy-end'
  | 'network'
  | 'file'
  | 'instance'
  | 'none'
  | readonly string[];

export type Flags = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

interface FlagOptions<T> {
  readonly short?: string;
  readonly initial?: T;
  readonly valueName?: string;
  readonly shownDefault?: string;
  readonly completes?: CompletionKind;
  readonly refused?: string;
}

type Rest = Omit<FlagOptions<unknown>, 'initial' | 'valueName'>;

function rest({ short, shownDefault, completes, refused }: Rest): Pick<Flag<unknown>, keyof Rest> {
  return {
    ...(short !== undefined && { short }),
    ...(shownDefault !== undefined && { shownDefault }),
    ...(completes !== undefined && { completes }),
    ...(refused !== undefined && { refused }),
  };
}

const trueWords = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falseWords = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** On or off: `--rm`, `--rm=false`. */
export function bool(usage: string, options: FlagOptions<boolean> = {}): Flag<boolean> {
  const { initial = false } = options;
  return {
    ...rest(initial ? { shownDefault: 'true', ...options } : options),
    usage,
    initial,
    valueName: '',
    implied: 'true',
    take(text) {
      if (trueWords.has(text)) return true;
      if (falseWords.has(text)) return false;
      throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
    },
  };
}

/** A text; the last mention counts. */
export function text(usage: string, options: FlagOptions<string> = {}): Flag<string> {
  const { initial = '', valueName = 'string' } = options;
  const shown = initial === '' ? {} : { shownDefault: JSON.stringify(initial) };
  return { ...rest({ ...shown, ...options }), usage, initial, valueName, take: (given) => given };
}

/** Texts, one for each mention. `check` throws for one that cannot be, or gives it back as it is to be kept. */
export function list(
  usage: string,
  options: Omit<FlagOptions<readonly string[]>, 'initial'> & { readonly check?: (text: string) => string } = {},
): Flag<readonly string[]> {
  const { valueName = 'list', check = (given) => given } = options;
  return { ...rest(options), usage, initial: [], valueName, take: (given, before) => [...before, check(given)] };
}

/** Texts that may also stand in one mention, with commas between. */
export function strings(usage: string, options: FlagOptions<readonly string[]> = {}): Flag<readonly string[]> {
  return {
    ...rest(options),
    usage,
    initial: [],
    valueName: 'strings',
    take: (given, before) => [...before, ...given.split(',')],
  };
}

/** Names with values: `--sysctl a=b`. */
export function map(usage: string, options: FlagOptions<never> = {}): Flag<Readonly<Record<string, string>>> {
  return {
    ...rest({ shownDefault: 'map[]', ...options }),
    usage,
    initial: {},
    valueName: 'map',
    take(given, before) {
      const at = given.indexOf('=');
      return { ...before, [at < 0 ? given : given.slice(0, at)]: at < 0 ? '' : given.slice(at + 1) };
    },
  };
}

/** Conditions: `--filter name=value`, any number of them. */
export function filter(usage: string, options: FlagOptions<never> = {}): Flag<readonly string[]> {
  return {
    ...rest(options),
    usage,
    initial: [],
    valueName: 'filter',
    take(given, before) {
      if (!given.includes('=')) throw new Error('bad format of filter (expected name=value)');
      return [...before, given];
    },
  };
}

/** A whole number; `undefined` when it was not given. */
export function int(usage: string, options: FlagOptions<number> = {}): Flag<number | undefined> {
  const { initial, valueName = 'int' } = options;
  const shown = initial === undefined ? {} : { shownDefault: String(initial) };
  const unsigned = valueName.startsWith('uint');
  return {
    ...rest({ ...shown, ...options }),
    usage,
    initial,
    valueName,
    take(given) {
      if (!(unsigned ? /^\d+$/ : /^[+-]?\d+$/).test(given)) {
        const how = unsigned ? 'ParseUint' : 'ParseInt';
        throw new Error(`strconv.${how}: parsing ${JSON.stringify(given)}: invalid syntax`);
      }
      return Number(given);
    },
  };
}

/** A size in bytes, with a unit of 1024s: `512m`. */
export function bytes(usage: string, options: FlagOptions<number> = {}): Flag<number | undefined> {
  return {
    ...rest(options),
    usage,
    initial: undefined,
    valueName: 'bytes',
    take: (given) => (given === '-1' ? -1 : parseByteSize(given)),
  };
}

/** A number of CPUs, in billionths: `1.5`. */
export function decimal(usage: string, options: FlagOptions<number> = {}): Flag<number | undefined> {
  return {
    ...rest(options),
    usage,
    initial: undefined,
    valueName: 'decimal',
    take(given) {
      if (!/^\d*\.?\d+$/.test(given)) throw new Error(`failed to parse ${given} as a rational number`);
      return Math.round(Number(given) * 1e9);
    },
  };
}

/** A time, in nanoseconds: `1m30s`. */
export function duration(usage: string, options: FlagOptions<number> = {}): Flag<number | undefined> {
  return {
    ...rest({ shownDefault: '0s', ...options }),
    usage,
    initial: undefined,
    valueName: 'duration',
    take: (given) => parseGoDuration(given),
  };
}
