import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { encodeShareCode } from '../../src/formats/scenario/share-code';
import type { EmbeddedLab } from '../../src/sdk/embedded-lab';
import { focusedText } from '../support/focused-text';

/** Labs in pages of other sites: a tag, the module, and frames as a course page has them. */
describe('a lab in a page of another site', { timeout: 300_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Browser;
  let course: Server;
  let body = '';
  let headers: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    // With its usual switches playwright denies storage to frames of other sites, as strict browsers do.
    browser = await chromium.launch(chromiumLaunch);
    course = createServer((request, response) => {
      if (request.url === '/lab.yaml') return response.end(twoMachines);
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers });
      return response.end(`<!doctype html><title>Course</title>${body}`);
    });
    await new Promise<void>((resolve) => course.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    course?.close();
  });

  const twoMachines = 'strata: 1\nname: Pair\ninstances:\n  - kind: vm\n    name: alice\n  - kind: vm\n    name: bob\n';
  const module = () => `<script type="module" src="${server.url}sdk/strata.js"></script>`;

  const open = async (
    html: string,
    sent: Readonly<Record<string, string>> = {},
    memoryGiB = 8,
    by = browser,
  ): Promise<Page> => {
    [body, headers] = [html, sent];
    const page = await by.newPage({ viewport: { width: 1000, height: 900 } });
    await page.addInitScript(`Object.defineProperty(navigator, 'deviceMemory', { value: ${memoryGiB} })`);
    await page.goto(`http://localhost:${(course.address() as AddressInfo).port}/`);
    return page;
  };
  const labOf = async (page: Page) => {
    await page.waitForFunction(() => (document.querySelector('strata-lab') as { lab?: unknown } | null)?.lab);
    return page.evaluateHandle(() => (document.querySelector('strata-lab') as unknown as { lab: EmbeddedLab }).lab);
  };
  const frame = (page: Page) => page.frameLocator('iframe');
  const embedded = (page: Page): Frame => {
    const [inner] = page.mainFrame().childFrames();
    if (!inner) throw new Error('There is no frame');
    return inner;
  };

  it('waits for a click, then runs a machine that the page can speak with', async () => {
    const page = await open(`<strata-lab></strata-lab>${module()}`);
    const lab = await labOf(page);
    expect(await lab.evaluate((each) => each.instances())).toEqual([]);
    await expect(lab.evaluate((each) => each.exec('vm-1', 'true'))).rejects.toThrow('The lab does not run yet');
    await frame(page).getByRole('button', { name: 'Run' }).click();
    await frame(page).locator('strata-terminal').waitFor();
    // Whoever has pressed the button goes on in its terminal.
    await expect.poll(() => focusedText(embedded(page))).toMatch(/^Terminal of vm-1/);
    expect(await lab.evaluate((each) => each.run())).toMatchObject([{ name: 'vm-1', kind: 'vm', phase: 'running' }]);
    expect(await lab.evaluate((each) => each.exec('vm-1', 'cat; echo oops >&2; exit 3', 'hello'))).toEqual({
      code: 3,
      stdout: 'hello',
      stderr: 'oops\n',
    });
    await lab.evaluate((each) => each.write('vm-1', '/root/note', 'written'));
    expect(await lab.evaluate(async (each) => new TextDecoder().decode(await each.read('vm-1', '/root/note')))).toBe(
      'written',
    );
    await expect(lab.evaluate((each) => each.read('vm-1', '/none'))).rejects.toThrow('No such file');
    await expect(lab.evaluate((each) => each.exec('nobody', 'true'))).rejects.toThrow(
      'No instance or container is called "nobody"; there are: vm-1',
    );
    // It says that nothing is kept.
    await frame(page).getByText('Not saved').waitFor();
    await page.close();
  });

  it('runs a scenario of the course by itself, isolated or not, and tells how it goes', async () => {
    const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
    for (const sent of [{}, isolated]) {
      const page = await open(`<strata-lab scenario="lab.yaml" autorun></strata-lab>${module()}`, sent);
      const lab = await labOf(page);
      const phases = await lab.evaluate(async (each) => {
        const told: string[] = [];
        each.on('phase', ({ phase }) => told.push(phase));
        await each.run();
        return told;
      });
      expect(phases.at(-1)).toBe('ready');
      expect(await lab.evaluate((each) => each.exec('alice', 'ping -c 1 bob'))).toMatchObject({ code: 0 });
      await page.close();
    }
  });

  /** Asks for the world outside, and runs something by itself. */
  const asking = `strata: 1
name: Asking
networks:
  - name: out
    subnet: 10.5.0.0/24
    egress: { hosts: [example.com] }
instances:
  - kind: vm
    name: spy
    nics: [{ network: out }]
    setup: touch /root/ran
`;
  const words = (inner: Page | Frame): Promise<string> => inner.evaluate('document.body.innerText');

  it('shows what a scenario of a link would do, and at the top level runs none without a click', async () => {
    const page = await browser.newPage();
    await page.goto(`${server.url}embed.html#autorun=1&s=${await encodeShareCode(twoMachines)}`);
    await expect.poll(() => words(page)).toMatch(/^Pair\s+Run\s+It makes\s+2 machines\s+Memory, at most\s+128 MB/);
    const button = page.getByRole('button', { name: 'Run' });
    expect(await button.getAttribute('aria-disabled')).toBe('false');
    expect(await page.locator('strata-frame').count()).toBe(0);
    const phases = page.getByRole('status').first();
    await button.click();
    // It says how far it is.
    await expect.poll(() => phases.textContent(), { interval: 20 }).toMatch(/^(alice|bob): /);
    await page.locator('strata-terminal:visible').waitFor();
    await page.close();
  });

  it('grants a scenario that asks for the world outside nothing before somebody has seen that and clicked', async () => {
    const code = await encodeShareCode(asking);
    const page = await open(
      `<iframe src="${server.url}embed.html#autorun=1&s=${code}" width="600" height="500"></iframe><strata-lab autorun><script type="text/yaml">${asking}</script></strata-lab>${module()}`,
    );
    const lab = await labOf(page);
    for (const inner of page.mainFrame().childFrames()) {
      await inner.getByText('It asks for more than to run in this frame').waitFor();
      expect(await words(inner)).toMatch(
        /Guests on out may ask example\.com[\s\S]*Runs by itself\s+in spy\s+touch \/root\/ran/,
      );
    }
    expect(await lab.evaluate((each) => each.instances())).toEqual([]);
    await page.frameLocator('strata-lab iframe').getByRole('button', { name: 'Run' }).click();
    expect(await lab.evaluate((each) => each.run())).toMatchObject([{ name: 'spy', phase: 'running' }]);
    expect(await lab.evaluate((each) => each.exec('spy', 'ls /root/ran'))).toMatchObject({ code: 0 });
    await page.close();
  });

  it('runs nothing in the place of what is damaged or not there, and goes on saying so', async () => {
    const wrong = {
      's=1.zzz': 'The link is damaged',
      'lesson=nope': 'There is no lesson "nope". There are: 01-cloud',
      'view=bogus': 'There is no view "bogus". There are: terminal',
      'view=lesson': 'The view "lesson" needs a lesson beside it',
      'scenario=lab.yaml': 'An address has its scenario as s=CODE',
    };
    const frames = Object.keys(wrong).map(
      (word) => `<iframe src="${server.url}embed.html#autorun=1&${word}"></iframe>`,
    );
    const page = await open(frames.join(''));
    for (const [at, said] of Object.values(wrong).entries()) {
      const inner = page.mainFrame().childFrames()[at];
      await inner?.getByRole('alert').getByText(said).waitFor();
      expect(await inner?.getByRole('button').count()).toBe(0);
    }
    // What is not there cannot be told by it: the element says what to look at.
    await page.evaluate(() =>
      document.body.insertAdjacentHTML('beforeend', '<strata-lab base="/nowhere/"></strata-lab>'),
    );
    await page.addScriptTag({ type: 'module', url: `${server.url}sdk/strata.js` });
    await page
      .getByRole('alert')
      .getByText('/nowhere/embed.html: is "base" right, is it served')
      .waitFor({ timeout: 10_000 });
    await page.close();
  });

  it('tells the page of a lesson or a view that there is not, and of words and changes that lead nowhere', async () => {
    const page = await open(
      `<script>const said = []; for (const name of ['strata-ready', 'strata-error']) addEventListener(name, ({ detail }) => said.push([name, detail.code ?? '']))</script><strata-lab lesson="99-none"></strata-lab><strata-lab view="zz"></strata-lab><strata-lab view="zz" scenario="lab.yaml"></strata-lab>${module()}`,
    );
    const said = () => page.evaluate<string[][]>('said.toSorted()');
    const [none, wrong] = [
      ['strata-error', 'NotFound'],
      ['strata-error', 'InvalidArgument'],
    ];
    await expect.poll(said).toEqual([wrong, wrong, none]);
    await page.getByRole('alert').getByText('There is no lesson "99-none"').waitFor();
    await page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<strata-lab class=sound></strata-lab>')");
    await expect.poll(said).toContainEqual(['strata-ready', '']);
    const warned = page.waitForEvent('console', (message) => message.text().includes('put another element'));
    const told = page.evaluate(() => {
      const element = document.querySelector('.sound') as HTMLElement & { lab: EmbeddedLab };
      element.setAttribute('view', 'topology');
      element.lab.on('nonsense' as 'phase', () => {});
    });
    await expect(told).rejects.toThrow('A lab does not tell "nonsense". It tells: phase, instances, checks');
    await warned;
    await page.close();
  });

  it.each([
    [300, 200],
    [600, 300],
  ])('has a terminal to work with in a frame of %i by %i, and nothing around it', async (width, height) => {
    const code = await encodeShareCode(twoMachines);
    const page = await open(
      `<iframe src="${server.url}embed.html#autorun=1&s=${code}" width="${width}" height="${height}"></iframe>`,
    );
    const screen = frame(page).locator('strata-terminal .xterm-screen').first();
    await screen.waitFor();
    await expect.poll(async () => (await screen.boundingBox())?.height).toBeGreaterThan(0.7 * height - 36);
    expect(await frame(page).locator('header, nav').count()).toBe(0);
    // The terminals of all machines are there.
    await frame(page).getByRole('tab', { name: 'bob' }).click();
    await expect.poll(() => focusedText(embedded(page))).toMatch(/^Terminal of bob/);
    await page.close();
  });

  it('runs no lesson beside a scenario, whichever way they come', async () => {
    const code = await encodeShareCode(twoMachines);
    const page = await open(
      `<strata-lab lesson="08-unikernels" scenario="lab.yaml" autorun></strata-lab>${module()}<iframe src="${server.url}embed.html#autorun=1&lesson=08-unikernels&s=${code}"></iframe>`,
    );
    const said = 'A lab has a scenario or a lesson, not both: take away lesson="08-unikernels", or the scenario';
    await page.locator('strata-lab').getByRole('alert').getByText(said).waitFor();
    expect(await page.locator('strata-lab iframe').count()).toBe(0);
    await frame(page).getByRole('alert').getByText(said).waitFor();
    expect(await frame(page).getByRole('button').count()).toBe(0);
    await page.close();
  });

  it('says which scenario cannot be fetched, and what to look at', async () => {
    const page = await open(
      `<strata-lab scenario="http://127.0.0.1:1/x.yaml"></strata-lab><strata-lab scenario="http://"></strata-lab>${module()}`,
    );
    for (const address of ['http://127.0.0.1:1/x.yaml', 'http://']) {
      const said = `The scenario ${address} cannot be fetched: is the address right, is it served, and may this page ask for it`;
      await page.getByRole('alert').getByText(said).waitFor();
    }
    await page.close();
  });

  it('has the height that the page gives it, once it is shown, and one of its own without', async () => {
    const inner = [
      '<strata-lab style="height: 700px"></strata-lab>',
      '<strata-lab class="tall"></strata-lab>',
      '<div style="display: grid; height: 300px"><strata-lab></strata-lab></div>',
      '<strata-lab></strata-lab>',
      '<strata-lab hidden></strata-lab>',
    ].join('');
    const page = await open(
      `<style>.tall { height: 600px } .wide .tall { height: 500px }</style><div id="tab" style="display: none">${inner}</div>${inner}${module()}`,
    );
    await page.locator('iframe').first().waitFor();
    await page.evaluate("document.getElementById('tab').style.display = 'block'");
    const heights = () =>
      page.evaluate(() => [...document.querySelectorAll('strata-lab')].map((each) => each.clientHeight));
    const wanted = [700, 600, 300, 420, 0];
    // What is far from the window is shown, too, once it comes near.
    for (const at of [0, 1, 2, 3]) {
      await page.evaluate((nth) => document.querySelectorAll('strata-lab')[nth]?.scrollIntoView(), at);
      await expect.poll(async () => (await heights())[at]).toBe(wanted[at]);
    }
    expect(await heights()).toEqual([...wanted, ...wanted]);
    // The page's own rules go before, later ones, too.
    await page.evaluate("document.body.className = 'wide'");
    expect((await heights())[1]).toBe(500);
    await page.close();
  });

  it('says what is wrong with a scenario, and where', async () => {
    const inline = '<script type="text/yaml">strata: 1\nname: x\ninstances: 5\n</script>';
    const page = await open(`<strata-lab>${inline}</strata-lab>${module()}`);
    await page.getByRole('alert').getByText('The scenario is wrong at line 3, column 12').waitFor();
    await page.close();
  });

  it('does not start what the labs of the page leave no memory for, and says so before', async () => {
    const big = 'strata: 1\nname: Big\ninstances:\n  - kind: vm\n    name: one\n    memory: 600\n';
    const labs = '<strata-lab></strata-lab>'.repeat(2);
    const page = await open(`${labs}${module()}`, {}, 2);
    const said = await page.evaluate(async (scenario) => {
      await customElements.whenDefined('strata-lab');
      const elements = [...document.querySelectorAll('strata-lab')] as unknown as (HTMLElement & {
        lab?: EmbeddedLab;
      })[];
      const ready = elements.map(
        (each) =>
          each.lab ??
          new Promise<EmbeddedLab>((resolve) =>
            each.addEventListener('strata-ready', (event) => resolve((event as CustomEvent<EmbeddedLab>).detail), {
              once: true,
            }),
          ),
      );
      const [first, second] = await Promise.all(ready);
      if (!first || !second) throw new Error('Two labs were expected');
      await Promise.all([first.offer(scenario), second.offer(scenario)]);
      const outcomes = await Promise.allSettled([first.run(), second.run()]);
      return outcomes.map((each) => (each.status === 'rejected' ? String(each.reason) : 'runs'));
    }, big);
    expect(said.toSorted()).toEqual([
      'LabError: This lab needs 600 MiB of memory, and the others of this page leave 424. Remove one of them first',
      'runs',
    ]);
    await page.close();
  });

  it('does not start in plain frames either what the others of the site leave no memory for', async () => {
    const big = await encodeShareCode(
      'strata: 1\nname: Big\ninstances:\n  - kind: vm\n    name: one\n    memory: 600\n',
    );
    const plain = `<iframe src="${server.url}embed.html#autorun=1&s=${big}" width="500" height="400"></iframe>`;
    const page = await open(plain.repeat(2), {}, 2);
    const said = async () => Promise.all(page.mainFrame().childFrames().map(words));
    await expect
      .poll(async () => (await said()).filter((each) => each.includes('MiB')))
      .toEqual([
        expect.stringContaining(
          'This lab needs 600 MiB of memory, and the others on this site leave 424, in other tabs too. Close one of them first',
        ),
      ]);
    const running = async () =>
      Promise.all(
        page
          .mainFrame()
          .childFrames()
          .map((each) => each.locator('strata-frame').count()),
      );
    await expect.poll(async () => (await running()).toSorted()).toEqual([0, 1]);
    await page.close();
  });

  it.each(['denied', 'allowed'] as const)(
    'works from plain frames without the module, each with its scenario in its address, where storage is %s',
    async (storage) => {
      // A list of its own takes the place of that one of playwright's, which has the switch that denies storage.
      const args = [...chromiumLaunch.args, ...(storage === 'allowed' ? ['--disable-features=Translate'] : [])];
      const other = await chromium.launch({ ...chromiumLaunch, args });
      try {
        const names = ['alice', 'bob'];
        const codes = await Promise.all(
          names.map((name) => encodeShareCode(`strata: 1\nname: One\ninstances:\n  - kind: vm\n    name: ${name}\n`)),
        );
        const frames = codes.map((code) => `<iframe src="${server.url}embed.html#s=${code}&autorun=1"></iframe>`);
        const page = await open(frames.join(''), {}, 8, other);
        for (const [at, name] of names.entries()) {
          const dock = page.frameLocator('iframe').nth(at).locator('strata-dock');
          await dock.getByRole('tab', { name }).waitFor({ timeout: 120_000 });
        }
        expect(await embedded(page).evaluate(storageOf)).toBe(storage);
      } finally {
        await other.close();
      }
    },
  );

  it('shows a lesson beside its terminal, and tells how far somebody is, as statements of xAPI too', async () => {
    const page = await open(
      `<strata-lab view="lesson" lesson="08-unikernels" style="height: 800px"></strata-lab>${module()}`,
    );
    const lab = await labOf(page);
    await frame(page).getByRole('heading', { level: 1, name: 'Unikernels' }).waitFor();
    // It says what it would do, as a scenario does.
    expect(await words(embedded(page))).toMatch(
      /It makes\s+1 machine, 2 unikernels\s+Memory, at most\s+96 MB\s+[^\n]*\s+strata\/unikernel-hello:1/,
    );
    await lab.evaluate((each) => each.run());
    await frame(page).getByRole('heading', { level: 2 }).first().waitFor();
    const checks = await lab.evaluate((each) => each.checks());
    expect(checks[0]).toMatchObject({ lesson: '08-unikernels', step: 1, passed: false, done: false });
    // As a text: the module is the page's to import.
    const sent = page.evaluate(`import('${server.url}sdk/strata.js').then(({ reportChecks }) => new Promise((send) => {
      const { lab } = document.querySelector('strata-lab');
      const actor = { mbox: 'mailto:learner@course.test' };
      reportChecks(lab, { actor, activity: 'https://course.test/unit', send });
    }))`);
    await frame(page).getByRole('button', { name: 'Do it for me' }).click();
    expect(await sent).toMatchObject({
      verb: { id: 'http://adlnet.gov/expapi/verbs/passed' },
      object: { id: 'https://course.test/unit/08-unikernels/1' },
      result: { success: true },
    });
    await page.close();
  });

  it('opens to nobody who does not know its nonce, and shows another site nothing', async () => {
    const address = `${server.url}embed.html#nonce=${'n'.repeat(32)}&origin=https://course.test`;
    const page = await open(`<iframe src="${address}"></iframe>`);
    const warned = page.waitForEvent('console', (message) => message.text().includes('refused'));
    await page.evaluate(() => {
      const [inner] = document.querySelectorAll('iframe');
      for (const nonce of ['guess', 'n'.repeat(32)]) {
        inner?.contentWindow?.postMessage({ strata: 'connect', version: 1, nonce }, '*', [new MessageChannel().port2]);
      }
    });
    expect((await warned).text()).toContain('the lab was made for https://course.test');
    await page.close();
  });
});

/** In the page: whether its frame may keep anything. */
function storageOf(): 'denied' | 'allowed' {
  try {
    return localStorage.length >= 0 ? 'allowed' : 'denied';
  } catch {
    return 'denied';
  }
}
