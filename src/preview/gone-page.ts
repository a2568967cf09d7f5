const heading = 'The lab is not here';
const message =
  'This page comes from a machine that runs in a page of Strata, and that page is closed or does not answer. Open it, go to the machine’s ports, and open this one again.';

/** What a preview shows when there is nobody to ask. */
export function gonePage(page: boolean): Response {
  const headers = {
    'Content-Type': `text/${page ? 'html' : 'plain'}; charset=utf-8`,
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Cache-Control': 'no-store',
    'X-Strata-Error': 'Unavailable',
  };
  const style =
    ':root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}main{max-width:44em;margin:12vh auto;padding:0 1.5em}h1{font-size:1.4em}';
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${heading}</title><style>${style}</style><main><h1>${heading}</h1><p>${message}</p></main></html>`;
  return new Response(page ? html : `${message}\n`, { status: 503, headers });
}
