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
  readonly autorun: boolean;
}

/** Shorter ones can be guessed. */
const nonceLength = 16;

/** Reads `#view=terminal&s=CODE&nonce=…`; what makes no sense is left out. */
export function parseEmbedAddress(hash: string): EmbedAddress {
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
    autorun: words.get('autorun') === '1',
  };
}
