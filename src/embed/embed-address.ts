/** What the address of an embedded lab asks for. */
export interface EmbedAddress {
  /** Who knows it may connect. Absent: nobody may. */
  readonly nonce?: string;
  /** Of the page that embeds the lab. */
  readonly origin?: string;
  readonly view: string;
  readonly lesson?: string;
  /** A scenario in the address itself. */
  readonly code?: string;
  /** The page has a scenario, and hands it over when it has connected. */
  readonly offers: boolean;
  /** Never at the top level: there nobody has put the lab where it is but a link. */
  readonly autorun: boolean;
  /** Words that are none of these. */
  readonly unknown: readonly string[];
}

/** Shorter ones can be guessed. */
const nonceLength = 16;

const known: ReadonlySet<string> = new Set(['nonce', 'origin', 'view', 'lesson', 's', 'offers', 'autorun']);

/** Reads `#view=terminal&s=CODE&nonce=…`. `framed`: whether a page has the lab in it. */
export function parseEmbedAddress(hash: string, framed: boolean): EmbedAddress {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const nonce = words.get('nonce') ?? '';
  const origin = words.get('origin') ?? '';
  const [lesson, code] = [words.get('lesson'), words.get('s')];
  return {
    ...(nonce.length >= nonceLength && { nonce }),
    ...(/^https?:\/\/[^/]+$/.test(origin) && { origin }),
    view: words.get('view') ?? 'terminal',
    ...(lesson !== null && { lesson }),
    ...(code !== null && { code }),
    offers: words.get('offers') === '1',
    autorun: framed && words.get('autorun') === '1',
    unknown: [...words.keys()].filter((name) => !known.has(name)),
  };
}
