import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Frame, Page } from 'playwright-core';

/** An address in a frame of another site's page. Who asks for it ends that site when it is done. */
export async function openForeignFrame(
  page: Page,
  address: string,
  attributes = '',
): Promise<{ readonly frame: Frame; readonly close: () => void }> {
  const parent = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><iframe ${attributes} width="1200" height="860" src="${address}"></iframe>`);
  });
  await new Promise<void>((resolve) => parent.listen(0, '127.0.0.1', resolve));
  const close = (): void => void parent.close();
  await page.goto(`http://localhost:${(parent.address() as AddressInfo).port}/`);
  const frame = page.frames().find((each) => each !== page.mainFrame());
  if (!frame) {
    close();
    throw new Error('No frame');
  }
  return { frame, close };
}
