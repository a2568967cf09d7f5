import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest, readReferences } from '../../images/lib/oci-layout';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { createDeferred } from '../../src/base/deferred';
import { openPage, recordsOf, reloadSaved } from '../support/page-fleet';
import { PageShell } from '../support/page-shell';

/** Hexadecimal digits of the digest of the one layer of an image of the registry. */
function layerOf(reference: string): string | undefined {
  const descriptor = readReferences(registryDir).get(reference);
  return descriptor && readManifest(registryDir, descriptor).layers[0]?.digest.slice('sha256:'.length);
}

const patience = { timeout: 120_000, interval: 200 };

/** docker as it is typed in the page's own shell, from a page that has nothing yet to one that is opened again. */
describe("docker in the page's shell", { timeout: 400_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  let context: BrowserContext;
  let page: Page;
  let shell: PageShell;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ site: siteDir, registry: registryDir, host: '127.0.0.1', port: 0 });
    browser = await chromium.launch(chromiumLaunch);
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    await openPage(page, server.url);
    shell = new PageShell(page);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const output = async (command: string): Promise<string> => (await shell.run(command)).output;

  /** The view of a container, by the links that lead there. */
  async function openContainer(name: string, tab: string) {
    const view = page.locator('strata-containers-view');
    await page.getByRole('link', { name: 'Containers', exact: true }).click();
    await view.getByRole('link', { name, exact: true }).click();
    await view.getByRole('navigation').getByRole('link', { name: tab, exact: true }).click();
    return view;
  }

  async function reload(): Promise<void> {
    await reloadSaved(page);
    await shell.until(/\$\s*$/);
    await shell.focus();
  }

  it('runs bash of an image that is not here, on a host that is not there, in a terminal', async () => {
    await shell.open();
    await shell.type('docker run -it --rm --name inside debian bash\n');
    await shell.until(/root@[0-9a-f]{12}:\/#\s*$/);
    await shell.type('echo "pid" $$ on $(tty), $(stty size)\n');
    await shell.until(/^pid 1 on \/dev\/pts\/0, \d+ \d+$/m);
    await page.keyboard.press('Control+p');
    await page.keyboard.press('Control+q');
    await shell.until(/\$\s*$/);
    expect(await output('docker ps --format "{{.Names}} {{.Status}}"')).toMatch(/^inside Up /);
    await shell.type('docker attach inside\n');
    await shell.type('echo "still" here; exit 3\n');
    await shell.until(/^still here$/m);
    await shell.until(/\$\s*$/);
    await shell.type('echo "attached to" what ended with $?\n');
    await shell.until(/^attached to what ended with 3$/m);
    expect(await shell.run('docker ps -aq')).toMatchObject({ code: 0, output: '' });
  });

  it('builds a folder that was made in the page, and serves what is in it', async () => {
    const view = page.locator('strata-files-view');
    await page.getByRole('link', { name: 'Files' }).click();
    const make = async (what: 'New file' | 'New folder', name: string): Promise<void> => {
      await view.getByRole('button', { name: what }).click();
      await view.getByLabel('Name').fill(name);
      await page.keyboard.press('Enter');
      await view.getByRole('treeitem', { name: new RegExp(`^${name}`) }).waitFor();
    };
    const write = async (name: string, content: string): Promise<void> => {
      await make('New file', name);
      await view.getByRole('treeitem', { name: new RegExp(`^${name}`) }).dblclick();
      await view.getByRole('textbox', { name: /^Content of/ }).fill(content);
      await page.keyboard.press('Control+s');
      await page.getByRole('status').getByText('is saved').waitFor({ state: 'attached' });
      await view.getByRole('button', { name: 'Close' }).click();
    };
    await make('New folder', 'site');
    await view.getByRole('treeitem', { name: 'site' }).click();
    await write('index.html', '<h1>Built here</h1>\n');
    await write(
      'Dockerfile',
      'FROM busybox\nCOPY index.html /www/\nRUN echo "<p>by $(id -un)</p>" >> /www/index.html\nEXPOSE 80\nCMD ["httpd", "-f", "-h", "/www"]\n',
    );
    await shell.focus();
    const built = await shell.run('docker build -t site site');
    expect(built).toMatchObject({ code: 0 });
    await shell.run('docker run -d --name web -p 8080:80 --restart always site');
    expect(await output('docker ps --format "{{.Names}} {{.Ports}}"')).toMatch(/^web .*8080->80\/tcp/);
    await openContainer('web', 'Ports');
    const preview = page.frameLocator('strata-preview iframe');
    await preview.getByRole('heading', { name: 'Built here' }).waitFor({ timeout: patience.timeout });
    await shell.focus();
  });

  it('joins containers on two hosts by their names', async () => {
    // In the terminal Ctrl+K is the shell's.
    await page.getByRole('link', { name: 'Containers', exact: true }).click();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('new virtual');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Kind').selectOption('containerHost');
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await expect
      .poll(async () => (await recordsOf(page)).map(({ name, state }) => `${name} ${state.phase}`), patience)
      .toContain('host-2 running');
    await page.getByRole('link', { name: 'Containers', exact: true }).click();
    await shell.focus();
    await shell.run('docker network create talk');
    const far = '--network talk --label org.strata.host=host-2';
    expect(await shell.run(`docker run -d --name far ${far} site`)).toMatchObject({ code: 0 });
    const near = '--network talk --label org.strata.host=host-1';
    expect(await output(`docker run --rm ${near} busybox wget -q -O - http://far/`)).toBe(
      '<h1>Built here</h1>\n<p>by root</p>\n',
    );
  });

  it('shows the own terminal of a container that has one', async () => {
    await shell.run('docker run -dit --name own busybox sh');
    const view = await openContainer('own', 'Terminal');
    await view.locator('.xterm-helper-textarea').focus();
    await page.keyboard.type('echo "pid" $$\n');
    await view.locator('.xterm-rows').getByText('pid 1', { exact: true }).waitFor();
    await page.keyboard.type('exit 5\n');
    await view
      .getByText(/^\s*Exited \(5\)/)
      .first()
      .waitFor();
    await shell.focus();
    expect(await shell.run('docker rm own')).toMatchObject({ code: 0 });
  });

  it('holds containers to their limits, and from what they may not do', async () => {
    expect(await shell.run('docker run --rm -m 8m busybox dd if=/dev/zero of=/dev/null bs=40M count=1')).toMatchObject({
      code: 137,
    });
    expect(
      await output('docker run --rm --pids-limit 4 busybox sh -c "sleep 9 & sleep 9 & sleep 9 & sleep 9 & sleep 9"'),
    ).toContain("can't fork");
    expect(await output('docker run --rm busybox mount -t tmpfs none /mnt')).toContain('permission denied');
    expect(await output('docker run --rm --cap-drop CHOWN busybox chown 1 /etc/passwd')).toContain('not permitted');
    expect(await output('docker run --rm --read-only busybox touch /mark')).toContain('Read-only file system');
  });

  it('has all of it after a reload', async () => {
    await reload();
    expect(await output('docker ps --format "{{.Names}}"')).toBe('far\nweb\n');
    expect(await output('docker exec web wget -q -O - http://localhost/')).toContain('<h1>Built here</h1>');
    expect(await output('docker run --rm --network talk busybox wget -q -O - http://far/')).toContain('by root');
    await shell.run('docker rm -f far web');
    expect(await shell.run('host stop host-2 && host rm host-2')).toMatchObject({ code: 0 });
    expect(complaints).toEqual([]);
  });

  /** Reloads the page in the middle of a line, of which the next page's shell says that it has ended, and what follows. */
  async function reloadDuring(line: string, outcome: string): Promise<void> {
    await reload();
    // Rows end in the middle of words.
    const packed = (text: string): string => text.replaceAll(/\s+/g, '');
    expect(packed(await shell.text())).toContain(packed(`which ended it: ${line} ${outcome}`));
    await shell.type('echo "code" was $?\n');
    await shell.until(/^code was 129$/m);
  }

  it('leaves nothing half of a run, a build, a pull and a copy that a reload ends, and says so', async () => {
    await shell.run('docker rmi debian; echo keep > kept');
    // Its layer stands still, so that the reload is in the middle of it.
    const held = createDeferred<void>();
    await context.route(`**/${layerOf('library/debian:latest')}`, () => held.resolve());
    await shell.type('clear\ndocker pull debian\n');
    await held.promise;
    await reloadDuring('docker pull debian', 'No image is there in part.');
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    expect(await output('docker images -q debian')).toBe('');
    await shell.run(
      'mkdir -p slow; echo "FROM busybox" > slow/Dockerfile; echo "RUN echo began; sleep 600" >> slow/Dockerfile',
    );
    await shell.type('clear\ndocker build -t slow slow\n');
    await shell.until(/^#\d+ [\d.]+ began$/m);
    await reloadDuring('docker build -t slow slow', 'No image was made of it.');
    expect(await output('docker images -q slow; docker ps -aq')).toBe('');
    const run = 'docker run --name mid busybox sh -c "echo began; sleep 600"';
    await shell.type(`clear\n${run}\n`);
    await shell.until(/^began$/m);
    await reloadDuring(run, 'A container that had begun goes on without it');
    // Its client has gone, it has not: as with any docker.
    expect(await output('docker ps --format "{{.Names}}"')).toBe('mid\n');
    // Its host is back, and not only its record.
    expect(await output('docker exec mid echo here')).toBe('here\n');
    await shell.type('clear\ndocker cp kept mid:/kept && docker cp mid:/bin copied\n');
    await shell.until(/docker cp/);
    await reload();
    const copied = await output('ls copied 2> /dev/null | wc -l; docker exec mid wc -l /kept');
    expect(copied).toMatch(/^(0|\d{3})\n(1 \/kept|wc: \/kept: No such file.*)\n$/);
    // One that waits for more of its archive is in the middle for certain.
    await shell.type('clear\ndocker cp - mid:/tmp\n');
    await shell.until(/docker cp/);
    await reloadDuring('docker cp - mid:/tmp', 'What it was copying may be there in part.');
    expect(complaints).toEqual([]);
  });
});
