import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, root } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { places } from '../../src/ui/route';
import { openPage } from '../support/page-fleet';
import { pseudo, pseudoLocale, untranslated } from '../support/pseudo-locale';

/** Names, units and keys, which are the same in every language. */
const ofNoLanguage =
  /^(strata|vm|docker|bridge|default|linux|ext4|cpu|mb|kb|gb|mib|ms|ip|mac|mtu|ipv4|id|os|oci|yaml|vlan|ctrl|shift)$/i;

/** The page with every text replaced by a longer one with accents: what is readable stands outside of src/ui/text. */
describe('the page in another language', { timeout: 400_000 }, () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;
  let lessons: readonly string[];

  beforeAll(async () => {
    const index = await readFile(join(root, 'public/lessons/index.json'), 'utf8');
    lessons = (JSON.parse(index) as { title: string; summary: string }[]).flatMap(({ title, summary }) => [
      title,
      summary,
    ]);
    folder = await mkdtemp(join(tmpdir(), 'pseudo-locale-'));
    await build({ root, logLevel: 'error', plugins: [pseudoLocale()], build: { outDir: folder, emptyOutDir: true } });
    server = await startServer({ site: folder, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    page = await browser.newPage({ viewport: { width: 320, height: 640 } });
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, server.url);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Lessons are documents, each in the language of its author. */
  const withoutLessons = (text: string): string => lessons.reduce((left, words) => left.replaceAll(words, ''), text);

  it('has what is replaced between marks, and nothing else is left', () => {
    const text = `${pseudo('Open')} web ${pseudo(`Run ${pseudo('it')} now`)}`;
    expect(untranslated(text).trim()).toBe('web');
  });

  it.each(places)('has no word of its own in the view "%s", and is not wider than 320 px', async (place) => {
    await page.evaluate(`location.hash = '#/${place}'`);
    // The words of a view come with it.
    await expect
      .poll(async () => (await page.evaluate(readTexts, 'main > :last-child')).some((text) => text.includes('⟦')), {
        timeout: 60_000,
      })
      .toBe(true);
    const shown = await page.evaluate(readTexts, undefined);
    const left = shown
      .flatMap((text) => untranslated(withoutLessons(text)).match(/\p{L}{2,}/gu) ?? [])
      .filter((word) => !ofNoLanguage.test(word));
    expect(left).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
  });
});

/** Texts that can be seen or are read out, but for what is code, a name or typed. */
function readTexts(within: string | undefined): string[] {
  const found: string[] = [];
  const visit = (node: ParentNode): void => {
    for (const child of node.childNodes) {
      if (child instanceof Text) {
        if (child.data.trim() !== '') found.push(child.data.trim());
      } else if (child instanceof HTMLElement || child instanceof SVGElement) {
        if (child.matches('style, script, pre, code, kbd, textarea, svg title, [translate="no"]')) continue;
        if (!child.checkVisibility()) continue;
        for (const name of ['aria-label', 'title', 'placeholder']) {
          const value = child.getAttribute(name);
          if (value) found.push(value);
        }
        if (child.shadowRoot) visit(child.shadowRoot);
        visit(child);
      }
    }
  };
  const view =
    within === undefined ? document.body : document.querySelector('strata-app')?.shadowRoot?.querySelector(within);
  if (view?.shadowRoot) visit(view.shadowRoot);
  else if (view) visit(view);
  return found;
}
