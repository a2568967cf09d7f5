import axe from 'axe-core';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';

/** How people may have set their system up. */
const schemes = {
  light: { colorScheme: 'light', contrast: 'no-preference', forcedColors: 'none' },
  dark: { colorScheme: 'dark', contrast: 'no-preference', forcedColors: 'none' },
  'more contrast, light': { colorScheme: 'light', contrast: 'more', forcedColors: 'none' },
  'more contrast, dark': { colorScheme: 'dark', contrast: 'more', forcedColors: 'none' },
  'forced colours': { colorScheme: 'light', contrast: 'no-preference', forcedColors: 'active' },
} as const;

const patience = { timeout: 60_000, interval: 100 };

describe('the page that manages machines', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Text of all terminals, the hidden ones too. */
  const screen = async (): Promise<string> => (await page.locator('.xterm-rows > div').allTextContents()).join('\n');
  const printed = async (expected: string): Promise<void> => {
    await expect.poll(screen, patience).toContain(expected);
  };
  const go = async (hash: string): Promise<void> => {
    await page.evaluate((wanted) => {
      location.hash = wanted;
    }, hash);
  };

  it('starts a machine and shows its console', async () => {
    await page.getByRole('button', { name: 'Start a Linux VM' }).click();
    await printed('# ');
    await page.keyboard.type('echo one $((1 + 1))\n');
    await printed('one 2');
  });

  it('shows colours of all kinds without a violation of the policy', async () => {
    await page.keyboard.type("printf '\\033[7minverse\\033[0m \\033[38;2;250;250;250mpale\\033[0m\\n'\n");
    const colour = (word: string) =>
      page.evaluate(colourOf, word) as Promise<{ text: string; ground: string } | undefined>;
    await expect.poll(() => colour('inverse'), patience).toBeDefined();
    const inverse = await colour('inverse');
    expect(inverse?.text).not.toBe(inverse?.ground);
    expect((await colour('pale'))?.text).not.toBe('rgb(250, 250, 250)');
  });

  it('runs shells beside it, and says when one ends', async () => {
    await page.getByRole('button', { name: 'Split to the right' }).click();
    await expect.poll(() => page.getByRole('tab').count()).toBe(2);
    await page.keyboard.type('echo shell $((3 * 3))\n');
    await printed('shell 9');
    await page.keyboard.type('exit 3\n');
    await printed('The program ended with 3. Enter starts it again');
    const prompts = async (): Promise<number> => (await screen()).split(':~# ').length;
    const before = await prompts();
    await page.keyboard.press('Enter');
    await expect.poll(prompts, patience).toBe(before + 1);
  });

  it('shows the machine in the table and its port on the network', async () => {
    await go('#/machines');
    await page.getByRole('link', { name: 'vm-1' }).waitFor();
    await go('#/networks');
    await page.getByText('vm-1 eth0').first().waitFor();
    await page.getByText('Up', { exact: true }).first().waitFor();
    // What is no instance has no page.
    const gateway = page.getByRole('rowheader', { name: 'gateway', exact: true }).first();
    await gateway.waitFor();
    expect(await gateway.getByRole('link').count()).toBe(0);
  });

  it('lists the processes that run in it, and says all that is known of it', async () => {
    const [id] = (await page.evaluate('strata.lab.list().map((record) => record.id)')) as string[];
    await go(`#/machines/${id}/processes`);
    const processes = page.getByRole('region', { name: 'Processes of vm-1' });
    await processes.getByRole('row', { name: /^1 0 / }).waitFor({ timeout: patience.timeout });
    await processes.getByRole('columnheader', { name: 'COMMAND' }).waitFor();
    await go(`#/machines/${id}/inspect`);
    await page.getByText('"memoryMiB": 64').waitFor();
  });

  it('takes a snapshot and shows it in the tree', async () => {
    await go('#/machines');
    await page.getByRole('link', { name: 'vm-1' }).click();
    // The sidebar has a link of that name, too.
    await page.locator('strata-instance-view').getByRole('link', { name: 'Snapshots' }).click();
    await page.getByRole('button', { name: 'Take a snapshot' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Fresh');
    await page.keyboard.press('Enter');
    await page.getByRole('treeitem', { name: /Fresh.*You are here/ }).waitFor({ timeout: patience.timeout });
  });

  it('is clean for axe in every view and every scheme', async () => {
    await page.evaluate(axe.source);
    const [id] = (await page.evaluate('strata.lab.list().map((record) => record.id)')) as string[];
    const machine = ['terminal', 'summary', 'stats', 'processes', 'network', 'snapshots', 'log', 'inspect'].map(
      (tab) => `#/machines/${id}/${tab}`,
    );
    for (const [scheme, media] of Object.entries(schemes)) {
      await page.emulateMedia({ ...media, reducedMotion: 'reduce' });
      for (const hash of ['#/overview', '#/topology', '#/tab', '#/machines', '#/networks', '#/snapshots', ...machine]) {
        await go(hash);
        await page.locator('main').getByRole('heading', { level: 2 }).first().waitFor();
        const problems = await page.evaluate(
          "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html)))",
        );
        expect(problems, `${hash}, ${scheme}`).toEqual([]);
      }
    }
  }, 300_000);

  it('tells another tab that it has the machines', async () => {
    const other = await page.context().newPage();
    await other.goto(server.url);
    await other.getByRole('heading', { name: 'Strata is open in another tab' }).waitFor();
    await other.close();
  });

  it('keeps what the console has printed when the machine moves', async () => {
    const moved = await page.evaluate(
      "(async () => { const { lab } = strata; await lab.migrate(lab.list()[0].id).finished; return 'moved'; })()",
    );
    expect(moved).toBe('moved');
    await printed('one 2');
    await go('#/machines');
    await page.getByRole('link', { name: 'vm-1' }).click();
    await page.getByRole('tab', { name: 'vm-1', exact: true }).click();
    await page.keyboard.type('echo after $((2 + 2))\n');
    await printed('after 4');
    await printed('one 2');
  });

  it('comes back to the same view after a reload, with the machine, its terminals and what runs in them', async () => {
    await page.getByRole('tab', { name: 'vm-1 sh 1' }).click();
    await page.keyboard.type('kept="still here"; echo set $((4 + 4))\n');
    await printed('set 8');
    await go('#/snapshots');
    await page.getByRole('treeitem', { name: /Fresh/ }).waitFor();
    // The layout is kept a moment after its last change.
    await expect.poll(() => page.evaluate("localStorage.getItem('strata.dock')")).toContain('"program":');
    await page.evaluate('strata.lab.saveForReload()');
    await page.reload();
    await page.getByRole('treeitem', { name: /Fresh/ }).waitFor({ timeout: patience.timeout });
    await expect.poll(() => page.getByRole('tab').allTextContents(), patience).toHaveLength(2);
    await expect.poll(() => page.evaluate('strata.lab.list()[0].state.phase'), patience).toBe('running');
    await go('#/machines');
    await page.getByRole('link', { name: 'vm-1' }).click();
    await page.getByRole('tab', { name: 'vm-1 sh 1' }).click();
    // Its prompt is drawn again before anything is typed.
    await printed(':~# ');
    await page.keyboard.type('echo $kept $((5 + 5))\n');
    await printed('still here 10');
    // One shell, not two: nothing of the earlier page runs unseen.
    expect(await page.evaluate('strata.lab.instance(strata.lab.list()[0].id).programs()')).toHaveLength(1);
    await page.keyboard.type('exit 4\n');
    await printed('The program ended with 4. Enter starts it again');
  });

  it('starts anew what had not been saved when the page went, and says so', async () => {
    await page.evaluate('(async () => { const { lab } = strata; await lab.reset(lab.list()[0].id).finished; })()');
    await page.reload();
    await page.getByText('vm-1 was started anew').waitFor({ timeout: patience.timeout });
    await expect.poll(() => page.evaluate('strata.lab.list()[0].state.phase'), patience).toBe('running');
    expect(await page.evaluate('strata.lab.list().length')).toBe(1);
  });

  it('leaves no complaint in the console', () => {
    expect(complaints).toEqual([]);
  });
});

/** Colours of the word in the terminal that begins a span. */
const colourOf = (word: string): { text: string; ground: string } | undefined => {
  const visit = (root: ParentNode): Element | undefined => {
    for (const element of root.querySelectorAll('*')) {
      if (element.matches('.xterm-rows span') && element.textContent === word) return element;
      const found = element.shadowRoot ? visit(element.shadowRoot) : undefined;
      if (found) return found;
    }
    return undefined;
  };
  const span = visit(document);
  if (!span) return undefined;
  const { color, backgroundColor } = getComputedStyle(span);
  return { text: color, ground: backgroundColor };
};
