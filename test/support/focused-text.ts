import type { Frame, Page } from 'playwright-core';

/** What has the focus, wherever it stands: its label, or its text. */
export function focusedText(page: Page | Frame): Promise<string> {
  return page.evaluate(() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return active?.getAttribute('aria-label') ?? active?.textContent ?? '';
  });
}
