import type { ErrorCode, SandboxError } from '../../base/errors';

/** What previews say to people, in the page's language. */
export interface PreviewWords {
  /** Headings of pages that stand where a guest's would. */
  readonly headings: {
    readonly refused: string;
    readonly timeout: string;
    readonly off: string;
    readonly outside: string;
    readonly wrong: string;
  };
  refused(host: string, port: number): string;
  timeout(host: string): string;
  off(name: string, phase: string): string;
  gone(): string;
  outside(host: string): string;
  wrong(host: string, why: string): string;
}

/** A page, or a line for what is no page, in place of a guest's answer. */
export interface Failure {
  readonly status: number;
  readonly code: ErrorCode;
  readonly heading: string;
  readonly message: string;
}

/** Why there is no answer, and what to do. `host` is what was asked, as `name:port`. */
export function failureOf(error: SandboxError, host: string, port: number, words: PreviewWords): Failure {
  const { code, message } = error;
  const { reason } = error.details;
  if (reason === 'refused') {
    return { status: 502, code, heading: words.headings.refused, message: words.refused(host, port) };
  }
  if (reason === 'timeout') return { status: 504, code, heading: words.headings.timeout, message: words.timeout(host) };
  const status = code === 'ResourceExhausted' ? 503 : 502;
  return { status, code, heading: words.headings.wrong, message: words.wrong(host, message) };
}

/** An instance that cannot answer now, for whatever reason that is not the network's. */
export function offFailure(name: string, phase: string, words: PreviewWords): Failure {
  return { status: 503, code: 'FailedPrecondition', heading: words.headings.off, message: words.off(name, phase) };
}

export function goneFailure(words: PreviewWords): Failure {
  return { status: 410, code: 'NotFound', heading: words.headings.off, message: words.gone() };
}

export function outsideFailure(host: string, words: PreviewWords): Failure {
  return { status: 403, code: 'FailedPrecondition', heading: words.headings.outside, message: words.outside(host) };
}

/** As a page: no script, nothing fetched, in the colours of the system. */
export function failurePage({ heading, message }: Failure): string {
  const style =
    ':root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}main{max-width:44em;margin:12vh auto;padding:0 1.5em}h1{font-size:1.4em}';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(heading)}</title><style>${style}</style><main><h1>${escapeHtml(heading)}</h1><p>${escapeHtml(message)}</p></main></html>`;
}

/** For text and for values in double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}
