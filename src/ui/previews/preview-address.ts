import type { PageToFrame } from '../../preview/messages';

/** Longer ones are shown cut. */
const maxLength = 2048;

/** The path that a person means: what they typed, or what an address has behind its host. */
export function pathFrom(typed: string): string {
  const text = typed.trim();
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url) return `${url.pathname}${url.search}${url.hash}`;
  return `/${text.replace(/^\/+/, '')}`;
}

/** Where a frame says that it is; undefined when it says no such thing. Only to be shown: a guest may say anything. */
export function readWhere(data: unknown): Pick<PageToFrame, 'path' | 'title'> | undefined {
  const { kind, path, title } = (typeof data === 'object' && data !== null ? data : {}) as Partial<
    Record<keyof PageToFrame, unknown>
  >;
  if (kind !== 'strata-at' || typeof path !== 'string' || !path.startsWith('/')) return undefined;
  return { path: path.slice(0, maxLength), title: typeof title === 'string' ? title.slice(0, maxLength) : '' };
}
