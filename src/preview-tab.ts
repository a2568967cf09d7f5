import { SandboxError } from './base/errors';
import { PreviewTab } from './ui/previews/preview-tab';
import { applyLook, watchScheme } from './ui/scheme';
import { createSettings } from './ui/settings';
import './ui/styles/tokens.css';

/** A tab for one published port: the address behind # is shown in a frame, and asks the lab's page for all it needs. */
function showPreview(): void {
  const settings = createSettings(undefined);
  watchScheme(settings, matchMedia('(prefers-color-scheme: dark)'));
  applyLook(settings, document.documentElement);
  const { element } = new PreviewTab({ config, address: location.hash.slice(1), appOrigin: location.origin });
  element.addEventListener('went', (event) => {
    const { link } = element;
    const { detail } = event as CustomEvent<string>;
    if (link) history.replaceState(null, '', `#${link.origin}${detail}`);
  });
  element.style.height = '100dvh';
  document.body.append(element);
}

async function config(): Promise<unknown> {
  const response = await fetch(new URL('preview.json', document.baseURI), { cache: 'no-cache' });
  if (response.ok) return response.json();
  throw new SandboxError('Unavailable', `The server answered ${response.status}`);
}

showPreview();
