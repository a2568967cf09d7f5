import { furnish } from './furnish.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Locator} Locator */
/**
 * A view in a state: its address, with names in place of ids; what is done there before its picture is taken; what is seen once it is
 * complete.
 * @typedef {{ name: string, hash: string, act?: (page: Page) => Promise<void>, seen?: (page: Page) => Locator }} Scene
 */
/**
 * Scenes in a lab of their own, with what is done once before them.
 * @typedef {{ begin: (page: Page) => Promise<void>, scenes: readonly Scene[] }} Chapter
 */

/** What a busy machine takes for what otherwise takes seconds. */
const patient = { timeout: 600_000 };

/** @type {readonly Scene[]} */
const places = [
  { name: 'overview', hash: '#/overview' },
  { name: 'lessons', hash: '#/lessons', seen: (page) => page.getByText('A container by hand') },
  { name: 'lab', hash: '#/lab', seen: (page) => page.getByRole('button', { name: 'Open Two machines' }) },
  { name: 'orchestration', hash: '#/orchestration', seen: (page) => row(page, 'report') },
  { name: 'scheduling', hash: '#/scheduling', seen: (page) => row(page, 'host-1').first() },
  { name: 'containers', hash: '#/containers', seen: (page) => page.getByText('counter').first() },
  { name: 'images', hash: '#/images', seen: (page) => page.getByText('strata/unikernel-click:1') },
  { name: 'layers', hash: '#/images', act: lookIntoLayer, seen: (page) => page.getByRole('treeitem', { name: 'www' }) },
  { name: 'files', hash: '#/files', seen: (page) => page.getByRole('treeitem', { name: 'readme.txt' }) },
  { name: 'topology', hash: '#/topology', seen: (page) => page.locator('.rate', { hasText: 'B/s' }).first() },
  {
    name: 'capture',
    hash: '#/topology',
    act: capture,
    seen: (page) => page.locator('.frames tr', { hasText: 'HTTP' }).last(),
  },
  { name: 'machines', hash: '#/machines' },
  { name: 'networks', hash: '#/networks', seen: (page) => row(page, 'client eth0').first() },
  { name: 'volumes', hash: '#/volumes', seen: (page) => page.getByText('data', { exact: true }) },
  {
    name: 'snapshots',
    hash: '#/snapshots',
    act: chooseSnapshot,
    seen: (page) => page.getByRole('toolbar', { name: /Before the lecture/ }),
  },
  { name: 'tab', hash: '#/tab', seen: (page) => row(page, 'client') },
  { name: 'events', hash: '#/events', seen: (page) => row(page, 'host-1').first() },
];

/** @type {readonly Scene[]} */
const dialogs = [
  {
    name: 'scenario',
    hash: '#/lab',
    act: openExample,
    seen: (page) => page.getByRole('dialog').getByText('A unikernel that serves one page'),
  },
  {
    name: 'settings',
    hash: '#/overview',
    act: (page) => ask(page, 'settings'),
    seen: (page) => page.getByRole('dialog'),
  },
  { name: 'new-vm', hash: '#/machines', act: (page) => ask(page, 'new-vm'), seen: (page) => page.getByRole('dialog') },
  {
    name: 'new-container',
    hash: '#/containers',
    act: (page) => ask(page, 'new-container'),
    seen: (page) => page.getByRole('dialog'),
  },
  {
    name: 'palette',
    hash: '#/overview',
    act: (page) => ask(page, 'palette'),
    seen: (page) => page.getByRole('dialog'),
  },
  { name: 'help', hash: '#/overview', act: (page) => ask(page, 'help'), seen: (page) => page.getByRole('dialog') },
];

/** @type {Scene} */
const lesson = {
  name: 'lesson',
  hash: '#/lessons/03-container-by-hand/1',
  act: openTerminals,
  seen: (page) => page.locator('.xterm-rows', { hasText: '/srv/box' }),
};

/** @type {readonly Scene[]} */
const ofMachine = [
  {
    name: 'machine-terminal',
    hash: '#/machines/client/terminal',
    seen: (page) => page.locator('.xterm-rows', { hasText: '#' }).first(),
  },
  { name: 'machine-summary', hash: '#/machines/client/summary' },
  { name: 'machine-stats', hash: '#/machines/client/stats', seen: (page) => page.getByText('60 s ago').first() },
  {
    name: 'machine-processes',
    hash: '#/machines/client/processes',
    seen: (page) => row(page, 'wget').or(row(page, 'sleep')).first(),
  },
  {
    name: 'machine-files',
    hash: '#/machines/client/files',
    seen: (page) => page.getByRole('treeitem', { name: 'etc' }),
  },
  { name: 'machine-network', hash: '#/machines/client/network', seen: (page) => row(page, 'eth0') },
  {
    name: 'machine-snapshots',
    hash: '#/machines/client/snapshots',
    seen: (page) => page.getByText('Before the lecture').first(),
  },
  { name: 'machine-log', hash: '#/machines/client/log' },
  { name: 'machine-inspect', hash: '#/machines/client/inspect' },
  { name: 'unikernel-summary', hash: '#/machines/web/summary' },
  { name: 'unikernel-log', hash: '#/machines/web/log' },
];

/** @type {readonly Scene[]} */
const ofContainer = [
  {
    name: 'container-logs',
    hash: '#/containers/counter/logs',
    seen: (page) => page.getByText(/request \d+ served/).last(),
  },
  {
    name: 'container-terminal',
    hash: '#/containers/counter/terminal',
    seen: (page) => page.locator('main .xterm-rows', { hasText: '#' }).first(),
  },
  { name: 'container-stats', hash: '#/containers/counter/stats' },
  { name: 'container-processes', hash: '#/containers/counter/processes', seen: (page) => row(page, 'sleep').first() },
  {
    name: 'container-files',
    hash: '#/containers/counter/files',
    seen: (page) => page.getByRole('treeitem', { name: 'etc' }),
  },
  { name: 'container-network', hash: '#/containers/counter/network', seen: (page) => row(page, 'bridge') },
  {
    name: 'container-changes',
    hash: '#/containers/counter/changes',
    seen: (page) => page.getByText('/srv/www/index.html'),
  },
  {
    name: 'container-kernel',
    hash: '#/containers/counter/kernel',
    seen: (page) => page.getByText('Namespaces', { exact: true }),
  },
  {
    name: 'container-inspect',
    hash: '#/containers/counter/inspect',
    seen: (page) => page.getByText('"RestartPolicy"').first(),
  },
];

/**
 * Apart, as what runs in one lab would be measured in the comparison's figures.
 * @type {readonly Chapter[]}
 */
export const chapters = [
  { begin: (page) => page.evaluate(furnish), scenes: [...places, ...ofMachine, ...ofContainer, ...dialogs] },
  { begin: compare, scenes: [{ name: 'compare', hash: '#/compare' }] },
  { begin: startLesson, scenes: [lesson] },
];

/**
 * @param {Page} page
 * @param {string} words
 */
function row(page, words) {
  return page.getByRole('row').filter({ hasText: words });
}

/** @param {Page} page */
async function lookIntoLayer(page) {
  await page.getByRole('button', { name: 'localhost/counter:1', exact: true }).click(patient);
  await page.getByRole('button', { name: /^Layer 2/ }).click(patient);
  await page.getByRole('treeitem', { name: 'srv' }).click(patient);
  await page.getByRole('treeitem', { name: 'bin' }).click(patient);
}

/**
 * The capture of the client's link, which goes on once it was begun.
 * @param {Page} page
 */
async function capture(page) {
  await page.locator('strata-topology-view a.node', { hasText: 'client' }).press('l', patient);
  const start = page.getByRole('button', { name: 'Start capture' });
  const stop = page.getByRole('button', { name: 'Stop capture' });
  await start.or(stop).waitFor(patient);
  // It goes on since the picture before, as is seen a moment later than the button.
  await start.click({ timeout: 5000 }).catch(() => stop.waitFor(patient));
}

/** @param {Page} page */
async function chooseSnapshot(page) {
  await page.getByText('Before the lecture').first().click(patient);
}

/** @param {Page} page */
async function openExample(page) {
  await page.getByRole('button', { name: 'Open A web service and its client' }).click(patient);
}

/**
 * @param {Page} page
 * @param {string} kind
 */
async function ask(page, kind) {
  await page.evaluate(
    (what) => /** @type {any} */ (document.querySelector('strata-app')).store.ask({ kind: what }),
    kind,
  );
}

/**
 * The comparison's figures are still there when its machines have gone.
 * @param {Page} page
 */
async function compare(page) {
  await page.evaluate("location.hash = '#/compare'");
  await page.getByRole('button', { name: 'Compare all three' }).click(patient);
  await page.getByRole('button', { name: 'Copy as CSV' }).waitFor(patient);
  await page.getByRole('button', { name: 'Remove the 3 machines it started' }).click(patient);
  await page.getByRole('button', { name: 'Compare again' }).and(page.locator(':enabled')).waitFor(patient);
}

/** @param {Page} page */
async function startLesson(page) {
  await page.evaluate("location.hash = '#/lessons/03-container-by-hand/0'");
  await page.getByRole('button', { name: 'Start the lab' }).click(patient);
  await page.getByText('The lab runs.').waitFor(patient);
  await page.evaluate("location.hash = '#/lessons/03-container-by-hand/1'");
  await page.getByRole('button', { name: 'Run in box' }).click(patient);
  await page.locator('strata-lesson-checks').getByText('Done').waitFor(patient);
}

/** @param {Page} page */
async function openTerminals(page) {
  await page.evaluate(() => /** @type {any} */ (document.querySelector('strata-app')).store.terminals.setOpen(true));
}
