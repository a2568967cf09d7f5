/**
 * `npm run screenshots`: pictures of every view of the built page with a lab in it, light, dark and narrow, for docs/VIEWS.md, and
 * what axe and the width of the window have to say of each. `-- --all` takes high contrast, 1920 px and the stage as well, into
 * the folder that is named by `--out`; `--only NAME` takes one view.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { chromiumLaunch } from './lib/chromium.mjs';
import { registryDir, root, siteDir } from './lib/paths.mjs';
import { chapters } from './screenshots/chapters.mjs';
import { otherLooks, usualLooks } from './screenshots/looks.mjs';
import { startServer } from './serve/server.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./screenshots/looks.mjs').Look} Look */
/** @typedef {import('./screenshots/chapters.mjs').Scene} Scene */

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'docs/images') },
    only: { type: 'string' },
  },
});
const names = chapters.flatMap(({ scenes }) => scenes.map(({ name }) => name));
if (values.only !== undefined && !names.includes(values.only)) {
  throw new Error(`No view is called ${values.only}: there are ${names.join(', ')}`);
}
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let complaints = 0;

const server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
const browser = await chromium.launch(chromiumLaunch);
try {
  await mkdir(values.out, { recursive: true });
  const looks = values.all ? [...usualLooks, ...otherLooks] : usualLooks;
  for (const { begin, scenes } of chapters) {
    const asked = scenes.filter(({ name }) => values.only === undefined || values.only === name);
    if (asked.length === 0) continue;
    const page = await openLab();
    await begin(page);
    for (const look of looks) {
      await page.setViewportSize(look);
      await page.evaluate(applyLook, look.settings);
      for (const scene of asked) {
        await take(page, look, scene).catch((error) => complain(`${look.name} ${scene.name}: ${error}`));
      }
    }
    await page.context().close();
  }
} finally {
  await browser.close();
  await server.close();
}
console.log(complaints === 0 ? 'Nothing to complain about' : `${complaints} complaints`);
process.exitCode = complaints === 0 ? 0 : 1;

/** The page as a new visitor has it, with nothing in the lab. */
async function openLab() {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => complain(`error: ${error}`));
  await page.goto(server.url);
  await page.waitForFunction("'strata' in globalThis");
  await page.evaluate(axe);
  return page;
}

/** @param {string} what */
function complain(what) {
  complaints += 1;
  console.log(what);
}

/** @param {Record<string, unknown>} settings */
function applyLook(settings) {
  // The page's own switch, as the settings dialog uses it.
  const app = document.querySelector('strata-app');
  const { store } = /** @type {any} */ (app);
  store.settings.change({ theme: 'system', contrast: 'system', stage: false, motion: 'reduce', ...settings });
}

/**
 * @param {Page} page
 * @param {Look} look
 * @param {Scene} scene
 */
async function take(page, look, { name, hash, act, seen }) {
  await page.evaluate(goTo, hash);
  await page.waitForFunction(() => {
    const main = document.querySelector('strata-app')?.shadowRoot?.querySelector('main');
    return main?.lastElementChild?.shadowRoot?.childElementCount;
  });
  await page.evaluate(leaveFocus);
  await act?.(page);
  await seen?.(page).waitFor();
  await page.getByText('One moment').waitFor({ state: 'hidden' });
  await page.evaluate(nextReading);
  await page.evaluate(dismissToasts);
  const found = await page.evaluate(
    "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))",
  );
  for (const each of /** @type {string[]} */ (found)) complain(`${look.name} ${name}: ${each}`);
  const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
  if (wide) complain(`${look.name} ${name}: wider than the window`);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 70 });
  await session.detach();
  await writeFile(join(values.out, `${name}-${look.name}.webp`), Buffer.from(data, 'base64'));
}

/**
 * The view as whoever comes anew finds it.
 * @param {string} hash
 */
async function goTo(hash) {
  const { store } = /** @type {any} */ (document.querySelector('strata-app'));
  store.ask(undefined);
  store.terminals.setOpen(false);
  const [, place, name, tab] = hash.split('/');
  const { lab, engine } = /** @type {any} */ (globalThis).strata;
  let id = name;
  if (place === 'machines' && name) {
    id = lab.list().find((/** @type {{ name: string }} */ record) => record.name === name)?.id;
  } else if (place === 'containers' && name) {
    id = (await (await engine.fetch(new Request(`http://engine/v1.47/containers/${name}/json`))).json()).Id;
  }
  location.hash = ['#', place, id, tab].filter((part) => part !== undefined).join('/');
}

/** Who has just ended the dialog of the view before has the focus at the whole view. */
function leaveFocus() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (at instanceof HTMLElement) at.blur();
}

/** Figures come every second: those of this view have. */
function nextReading() {
  const { now } = /** @type {any} */ (document.querySelector('strata-app')).store;
  const seen = now.value;
  return new Promise((resolve) => {
    const end = now.subscribe((/** @type {number} */ time) => time > seen && resolve(setTimeout(() => end())));
  });
}

function dismissToasts() {
  const { messages } = /** @type {any} */ (document.querySelector('strata-app')).store;
  for (const { id } of messages.toasts.value) messages.dismiss(id);
}
