import { PreviewElement } from './ui/elements/preview/preview';
import { isPreview, readPreviewConfig } from './ui/previews/preview-origin';
import { applyTheme, watchScheme } from './ui/scheme';
import { createSettings } from './ui/settings';
import './ui/styles/tokens.css';
import { text } from './ui/text';

/** A tab for one published port: the address behind # is shown in a frame, and asks the lab's page for all it needs. */
async function showPreview(): Promise<void> {
  const settings = createSettings(undefined);
  watchScheme(settings, matchMedia('(prefers-color-scheme: dark)'));
  applyTheme(settings, document.documentElement);
  const response = await fetch(new URL('preview.json', document.baseURI), { cache: 'no-cache' });
  const pattern = readPreviewConfig(await response.json(), location.origin);
  const address = location.hash.slice(1);
  const view = new PreviewElement();
  view.alone = true;
  view.label = text.ports.preview.alone;
  if (pattern !== undefined && isPreview(pattern, address)) {
    const { origin, pathname, search, hash } = new URL(address);
    view.link = { kind: 'origin', origin };
    view.start = `${pathname}${search}${hash}`;
  } else view.off = text.ports.preview.noAddress;
  view.addEventListener('went', (event) => {
    const { link } = view;
    const { detail } = event as CustomEvent<string>;
    if (link) history.replaceState(null, '', `#${link.origin}${detail}`);
  });
  view.style.height = '100dvh';
  document.body.append(view);
}

void showPreview();
