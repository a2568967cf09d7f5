import type { Frame, Page } from 'playwright-core';

/** What the terminals in view show, line by line: xterm's rows, through the open shadow roots of the page. */
export function screenOf(page: Page | Frame): Promise<string> {
  return page.evaluate(`(() => {
    const rows = [];
    const visit = (root) => {
      for (const element of root.querySelectorAll('*')) {
        if (element.classList.contains('xterm-rows') && element.checkVisibility()) {
          for (const row of element.children) rows.push(row.textContent);
        }
        if (element.shadowRoot) visit(element.shadowRoot);
      }
    };
    visit(document);
    return rows.join('\\n');
  })()`);
}

/** Drops a file on the page. */
export async function dropFile(page: Page | Frame, name: string, bytes: Uint8Array): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([called, content]) => {
      const dropped = new DataTransfer();
      dropped.items.add(new File([Uint8Array.from(content)], called));
      return dropped;
    },
    [name, [...bytes]] as const,
  );
  await page.dispatchEvent('strata-app', 'drop', { dataTransfer });
}
