import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { encodeShareCode } from '../../src/formats/scenario/share-code';
import { type ContainerTab, containerTabs, type Place, places } from '../../src/ui/route';
import { launch, openPage, shellIn } from '../support/page-fleet';

/** Each would run where a page makes HTML, an address or a script of it. */
const words = [
  '<img src=x onerror=globalThis.ran=1>',
  '<script>globalThis.ran=1</script>',
  `"><svg onload=globalThis.ran=1>`,
  `'-globalThis.ran=1-'`,
  'javascript:globalThis.ran=1',
  '[x](javascript:globalThis.ran=1)',
  '$' + '{globalThis.ran=1}',
];

/** What each view shows of this test's lab, or says where there is nothing of it to show. */
const shownIn: Readonly<Record<Place, string>> = {
  overview: 'box',
  lessons: 'A container by hand',
  compare: 'One web service, three ways',
  topology: 'hostile',
  orchestration: 'hostile',
  scheduling: 'hostile',
  containers: 'hostile',
  images: 'hostile:1',
  files: '<img src=x onerror=globalThis.ran=1>',
  machines: 'box',
  networks: 'box',
  volumes: 'No volumes yet',
  snapshots: 'No snapshots yet',
  tab: 'box',
  events: 'hostile',
  lab: '<img src=x onerror=globalThis.ran=1>',
};

/** The element of each tab of a container, and what it shows of this one. */
const shownOf: Readonly<Record<ContainerTab, readonly [element: string, content: string]>> = {
  logs: ['terminal', '<script>globalThis.ran=1</script>'],
  terminal: ['terminal', '/ #'],
  stats: ['stats', 'Processes'],
  processes: ['processes', 'sleep 100000'],
  files: ['files', '<img src=x onerror=globalThis.ran=1>'],
  network: ['network', 'bridge'],
  ports: ['ports', 'No port is published'],
  changes: ['changes', '/<img src=x onerror=globalThis.ran=1>'],
  kernel: ['kernel', 'sleep 100000'],
  inspect: ['inspect', '<script>globalThis.ran=1</script>'],
};

/** What guests, images, files and scenarios say of themselves, in every view that shows it. */
describe('words of others', { timeout: 400_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (/policy|trusted/i.test(message.text())) complaints.push(message.text());
    });
    await openPage(page, server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** A request of the Docker Engine API; as a text, since what is sent to the page may not lean on this file. */
  const engine = (method: string, path: string, body?: unknown): Promise<unknown> =>
    page.evaluate(
      `strata.engine.fetch(new Request(${JSON.stringify(`http://engine/v1.47${path}`)}, ${JSON.stringify({
        method,
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })})).then(async (answer) => {
        const text = await answer.text();
        if (!answer.ok) throw new Error(text);
        return text;
      })`,
    );
  /** Waits for the element that is the view, with that in it: what was shown before it has headings and words too. */
  const see = async (hash: string, element: string, content: string): Promise<void> => {
    await page.evaluate(`location.hash = '#/${hash}'`);
    await page.locator('strata-app main').locator(element).getByText(content).first().waitFor();
  };
  const seePlace = (place: Place) => see(place, `strata-${place}-view`, shownIn[place]);

  it('are in labels, logs, processes, file names and changes of a container, and no more than text', async () => {
    const printing = words.map((word) => `echo '${word.replaceAll("'", `'\\''`)}'`).join('; ');
    const files = words.map((word) => `touch '/${word.replaceAll('/', '_').replaceAll("'", `'\\''`)}'`).join('; ');
    await engine('POST', '/images/create?fromImage=busybox&tag=latest');
    await engine('POST', '/containers/create?name=hostile', {
      Image: 'busybox',
      Cmd: ['sh', '-c', `${printing}; ${files}; exec sleep 100000`, ...words],
      Env: words.map((word, at) => `WORD${at}=${word}`),
      Labels: Object.fromEntries(words.map((word) => [`com.docker.compose.${word}`, word])),
    });
    await engine('POST', '/containers/hostile/start');
    const [record] = JSON.parse(String(await engine('GET', '/containers/json'))) as { Id: string }[];
    for (const tab of containerTabs) {
      const [element, content] = shownOf[tab];
      await see(`containers/${record?.Id}/${tab}`, `strata-container-${element}`, content);
    }
  });

  it('are in an image that was made of it, and in files of the shared folder', async () => {
    const changes = encodeURIComponent(
      words.map((word) => `LABEL w=${JSON.stringify(word).replaceAll('$', '\\$')}`).join('\n'),
    );
    const said = encodeURIComponent(words.join(' '));
    await engine(
      'POST',
      `/commit?container=hostile&repo=hostile&tag=1&comment=${said}&author=${said}&changes=${changes}`,
    );
    await seePlace('images');
    const view = page.locator('strata-images-view');
    await view.getByRole('button', { name: 'hostile:1', exact: true }).click();
    await view.getByRole('region', { name: 'Layers of hostile:1' }).waitFor();
    const shares = [{ tag: 'shared', folder: 'shared', at: '/shared' }];
    await launch(page, { kind: 'vm', name: 'box', memoryMiB: 64, devices: 'virtio', containerHost: false, shares });
    const touch = words.map((word) => `touch '/shared/${word.replaceAll(/[/']/g, '_')}'`);
    await shellIn(page, 'box', touch.join('; '));
    await seePlace('files');
  });

  it('are in a scenario of a link', async () => {
    const [name, all] = [JSON.stringify(words[0]), JSON.stringify(words.join(' '))];
    const machine = `  - kind: vm\n    name: other\n    setup: ${JSON.stringify(words.map((word) => `# ${word}`).join('\n'))}\n`;
    const text = `strata: 1\nname: ${name}\ndescription: ${all}\ninstances:\n${machine}`;
    await page.evaluate(`location.hash = '#s=${await encodeShareCode(text)}'`);
    await page.getByRole('dialog').getByText('<script>globalThis.ran=1</script>').first().waitFor();
    await page.keyboard.press('Escape');
  });

  it('ran in no view, and the policy had nothing to stop', async () => {
    for (const place of places) await seePlace(place);
    // A picture that was made of a word has failed by now, since one that is asked for later has.
    await page.evaluate(
      "new Promise((failed) => { const last = new Image(); last.onerror = failed; last.src = 'x'; document.body.append(last); })",
    );
    expect(await page.evaluate('globalThis.ran')).toBeUndefined();
    expect(complaints).toEqual([]);
  });
});
