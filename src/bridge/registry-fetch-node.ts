import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** `fetch` as a page has it, for which files of this machine are static files of a server. */
export async function registryFetch(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const address = url instanceof Request ? url.url : String(url);
  if (!address.startsWith('file:')) return fetch(url, init);
  try {
    return new Response(new Uint8Array(await readFile(fileURLToPath(address))));
  } catch {
    return new Response('Not found', { status: 404 });
  }
}
