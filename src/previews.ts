import { systemClock } from './base/clock';
import type { Lab } from './engine/lab';
import { Previews } from './engine/previews/previews';
import { PreviewLinks } from './ui/previews/preview-links';
import { previewWords } from './ui/text/previews';

/** Previews of what instances serve. A part of the page that comes when it is first wanted. */
export function createPreviewLinks(lab: Lab): PreviewLinks {
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const previews = new Previews({ lab, clock: systemClock, randomBytes, words: previewWords });
  return new PreviewLinks({ previews, config: readConfig, clock: systemClock });
}

async function readConfig(): Promise<unknown> {
  const response = await fetch(new URL('preview.json', document.baseURI), { cache: 'no-cache' });
  return response.ok ? response.json() : {};
}
