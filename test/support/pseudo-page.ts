import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Locator, type Page } from 'playwright-core';
import { build } from 'vite';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, root } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import type { Dialog } from '../../src/ui/dialog';
import { containerText } from '../../src/ui/text/containers';
import { fileText } from '../../src/ui/text/files';
import { networkText } from '../../src/ui/text/network';
import { portText } from '../../src/ui/text/ports';
import { unikernelForm } from '../../src/ui/text/unikernel-form';
import { openPage } from './page-fleet';
import { pseudo, pseudoLocale, untranslated } from './pseudo-locale';
import { readCutTexts, readTexts, type TextPlace } from './shown-texts';

/** Units, protocols, keys and names of standards, which are the same in every language. */
const ofNoLanguage =
  /^(strata|vm|docker|bridge|default|linux|ext4|cpu|[kmg]i?b|ms|ip|mac|mtu|ipv4|eth|id|os|oci|yaml|vlan|ctrl|shift|am|pm|br\d*)$/i;

const months = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';

/** What containers say of themselves, as Docker says it, paths, and dates, which the browser writes. */
const ofEngines = [
  new RegExp(`\\b(${months}) \\d+`, 'g'),
  /\bUp (Less than a second|About an? \w+|\d+ \w+)/g,
  /\/[\w./-]+/g,
  /\bveth-\w+/g,
];

/** What a view says as long as it has nothing to show. */
const waiting = [
  containerText.loading,
  fileText.reading,
  networkText.waiting,
  portText.preview.opening,
  unikernelForm.loading,
].map((words) => pseudo(words));

const sizes = [
  { width: 1280, height: 720 },
  { width: 320, height: 720 },
];

/** What there is to find fault with. */
export interface Findings {
  /** Words that are written elsewhere than in `src/ui/text`. */
  readonly words: readonly string[];
  /** Texts that cannot be read whole once their words are 40 % longer, with the width of the window. */
  readonly cut: readonly string[];
}

export const faultless: Findings = { words: [], cut: [] };

/** What is looked at, beside {@link TextPlace}. */
export interface Look {
  readonly without?: string;
  /** Names and what others have said. */
  readonly given?: readonly string[];
  /** Is there once the view has what it shows. */
  readonly ready?: Locator;
  /** Of the window; all where it is not given. */
  readonly widths?: readonly number[];
}

/** What lessons say of themselves: they are documents, each in the language of its author. */
export function lessonWords(): readonly string[] {
  const index = JSON.parse(readFileSync(join(root, 'public/lessons/index.json'), 'utf8')) as {
    id: string;
    title: string;
    summary: string;
  }[];
  return index.flatMap(({ id, title, summary }) => [id, title, summary]);
}

/** Names of all images that come with the page, as the page writes them. */
export function imageNames(): readonly string[] {
  const { manifests } = JSON.parse(readFileSync(join(registryDir, 'index.json'), 'utf8')) as {
    manifests: readonly { annotations: Readonly<Record<string, string>> }[];
  };
  return manifests.map(({ annotations }) =>
    (annotations['org.opencontainers.image.ref.name'] ?? '').replace(/^library\//, ''),
  );
}

/** What the lab's records hold: names, and what guests, engines and steps of tasks say of themselves. */
const readRecords = `(async () => {
  if (!document.querySelector('strata-app')) return [];
  const { lab, engine } = strata;
  const json = (path) => engine.fetch(new Request('http://engine/v1.47' + path)).then((answer) => answer.json());
  const store = document.querySelector('strata-app')?.store;
  const hosts = lab.list().some(({ spec }) => spec.containerHost);
  const events = (await store?.parts.events.get())?.events.value ?? [];
  return [
    ...lab.tasks.list().flatMap(({ subject, phases, error }) => [subject, error?.message, ...phases.map(({ name }) => name)]),
    ...lab.list().flatMap(({ id, name, spec, nics, state, startNote }) => [
      id, name, spec.image, startNote, state.error?.message, state.exit?.reason, ...nics.map(({ mac }) => mac),
    ]),
    ...lab.networks().map(({ name }) => name),
    ...lab.snapshots().map(({ name }) => name),
    ...events.flatMap(({ source, type, action }) => (source === 'engine' ? [\`\${type} \${action}\`] : [])),
    ...(hosts ? (await json('/containers/json?all=1')).flatMap(({ Names, Image, Status }) => [...Names.map((name) => name.slice(1)), Image, Status]) : []),
  ].filter((each) => typeof each === 'string' && each.length > 1);
})()`;

/** The page with every text replaced by a longer one with accents: what is readable as it was written is no text of the page's. */
export class PseudoPage {
  readonly page: Page;
  readonly url: string;
  readonly #close: () => Promise<void>;

  private constructor(page: Page, url: string, close: () => Promise<void>) {
    this.page = page;
    this.url = url;
    this.#close = close;
  }

  static async open(): Promise<PseudoPage> {
    const folder = await mkdtemp(join(tmpdir(), 'pseudo-locale-'));
    await build({ root, logLevel: 'error', plugins: [pseudoLocale()], build: { outDir: folder, emptyOutDir: true } });
    const server = await startServer({ site: folder, registry: registryDir, host: '127.0.0.1', port: 0 });
    const browser = await chromium.launch(chromiumLaunch);
    const page = await browser.newPage({ viewport: sizes[0] ?? null });
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    const opened = new PseudoPage(page, server.url, async () => {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    });
    await openPage(page, server.url);
    return opened;
  }

  close(): Promise<void> {
    return this.#close();
  }

  async go(address: string): Promise<void> {
    await this.page.evaluate(`location.hash = '#/${address}'`);
    await this.#drawn();
    // The words of a view come with it.
    await this.page.locator('strata-app main > :last-child').filter({ hasText: '⟦' }).first().waitFor();
  }

  /** By the page's store; `dialog` is an expression where it has more in it than text. */
  async ask(dialog: Dialog | string): Promise<void> {
    const asked = typeof dialog === 'string' ? dialog : JSON.stringify(dialog);
    await this.store(`ask(${asked})`);
    await this.page.locator('dialog[open]').waitFor();
  }

  async dismiss(): Promise<void> {
    await this.store('ask(undefined)');
    await this.page.locator('dialog[open]').waitFor({ state: 'detached' });
  }

  /** Calls a method of the page's store. */
  store(call: string): Promise<unknown> {
    return this.page.evaluate(`document.querySelector('strata-app').store.${call}`);
  }

  /** Looks at all that is shown, in a wide and a narrow window. */
  async look({ without, given = [], ready, widths }: Look = {}): Promise<Findings> {
    await ready?.first().waitFor();
    const cut: string[] = [];
    let shown: readonly string[] = [];
    for (const size of sizes.filter(({ width }) => widths?.includes(width) ?? true)) {
      await this.page.setViewportSize(size);
      shown = [...shown, ...(await this.#calm({ without }))];
      const found = await this.page.evaluate(readCutTexts);
      cut.push(...found.map((each) => `${size.width} px, ${each}`));
      const wide = (await this.page.evaluate('document.documentElement.scrollWidth')) as number;
      if (wide > size.width) cut.push(`${size.width} px: the page is ${wide} px wide`);
    }
    const known = [...given, ...((await this.page.evaluate(readRecords)) as readonly string[])];
    const names = known.toSorted((a, b) => b.length - a.length);
    const words = shown.flatMap((text) => {
      const own = untranslated(
        [...names, ...ofEngines].reduce<string>((left, name) => left.replaceAll(name, ' '), text),
      );
      const left = (own.match(/\p{L}{2,}/gu) ?? []).filter((word) => !ofNoLanguage.test(word));
      return left.length > 0 ? [`${left.slice(0, 5).join(', ')} in: ${text.slice(0, 120)}`] : [];
    });
    return { words: [...new Set(words)], cut };
  }

  /** All texts, once they stay but for their figures, and nothing is waited for. */
  async #calm(place: TextPlace): Promise<readonly string[]> {
    for (let before = ''; ; ) {
      const texts = await this.page.evaluate(readTexts, place);
      const now = texts.join('\n').replace(/\d+(\.\d+)?/g, '');
      if (now === before && !waiting.some((words) => now.includes(words))) return texts;
      before = now;
      await this.#drawn();
    }
  }

  #drawn(): Promise<unknown> {
    return this.page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  }
}
