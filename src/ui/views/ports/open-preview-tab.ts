import type { PreviewLink } from '../../previews/preview-links';

/** A page of our own, which frames the preview: by itself its origin would not know the lab. */
export function openPreviewTab(link: PreviewLink, path: string): void {
  if (link.kind !== 'origin') return;
  const address = new URL('preview-tab.html', document.baseURI);
  address.hash = `${link.origin}${path}`;
  window.open(address, '_blank', 'noopener');
}
