import { chromium, type Page } from 'playwright-core';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';
import { previewDir, registryDir, siteDir } from '../../scripts/lib/paths.mjs';
import { startServer } from '../../scripts/serve/server.mjs';
import { launch, openPage, type StrataPage, shellIn, smallVm } from '../../test/support/page-fleet';
import { atMost, type Row } from '../row';
import { median } from '../statistics';

const [warmUp, rounds] = [20, 60];

/**
 * A guest's page asks its own server, one request after the other: page, service worker, lab, gateway, switch, guest,
 * and back. The machine's own server that keeps connections is a shell script: busybox httpd forks and ends each.
 */
export async function publishedPort(): Promise<readonly Row[]> {
  const server = await startServer({ site: siteDir, registry: registryDir, previewSite: previewDir, port: 0 });
  // Playwright's own list denies storage to frames of other sites, and with it their service workers.
  const args = [...chromiumLaunch.args, '--disable-features=Translate'];
  const browser = await chromium.launch({ ...chromiumLaunch, args });
  try {
    const page = await browser.newPage();
    await page.addInitScript({ content: 'globalThis.__name = (named) => named' });
    await openPage(page, server.url);
    const vm = await launch(page, { ...smallVm, name: 'web' });
    await shellIn(page, 'web', serve);
    const image = 'strata/unikernel-httpd:1';
    const config = { '/www/index.html': 'answer' };
    const rest = { kind: 'unikernel', image, args: [], config, memoryMiB: 4, addressing: 'static' } as const;
    const unikernel = await launch(page, { ...rest, name: 'uni' });
    const kept = await timesOf(page, server.previews ?? '', vm, 8080);
    const forked = await timesOf(page, server.previews ?? '', vm, 80);
    const module = await timesOf(page, server.previews ?? '', unikernel, 80);
    const peer = (times: readonly number[]): string => `fastest ${Math.min(...times).toFixed(1)}`;
    return [
      {
        name: 'published port: request to a VM, connection kept',
        value: median(kept),
        unit: 'ms',
        goal: atMost(15),
        peer: peer(kept),
      },
      { name: 'the same, busybox httpd (a fork each)', value: median(forked), unit: 'ms', peer: peer(forked) },
      { name: 'the same, a unikernel', value: median(module), unit: 'ms', peer: peer(module) },
    ];
  } finally {
    await browser.close();
    await server.close();
  }
}

/** busybox httpd on port 80; on 8080 a server in awk that answers one request after the other on one connection. */
const serve = [
  'mkdir -p /www && printf answer > /www/index.html && httpd -p 80 -h /www',
  `cat > /tmp/keep <<'EOF'
#!/usr/bin/awk -f
{ if ($0 == "\\r") { printf "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nanswer"; fflush() } }
EOF`,
  'chmod +x /tmp/keep',
  "setsid sh -c 'while true; do nc -l -p 8080 -e /tmp/keep; done' > /dev/null 2>&1 < /dev/null &",
].join('\n');

/** Milliseconds of each request that a page of the port makes. */
async function timesOf(page: Page, pattern: string, id: string, port: number): Promise<readonly number[]> {
  await page.evaluate(
    async ([which, at]) => {
      await (globalThis as unknown as StrataPage).strata.lab.publish(which, at);
      location.hash = `#/machines/${which}/ports`;
    },
    [id, port] as const,
  );
  await page.getByRole('button', { name: `Port ${port}`, exact: true }).click();
  const origin = pattern.replace('{name}', `${id}-${port}`);
  for (;;) {
    const frame = page.frames().find((each) => each.url() === `${origin}/`);
    const there = await frame?.evaluate(() => document.body?.textContent === 'answer').catch(() => false);
    if (!frame || !there) {
      await page.waitForTimeout(50);
      continue;
    }
    return frame.evaluate(
      async ([first, all]) => {
        const times: number[] = [];
        for (let round = 0; round < first + all; round += 1) {
          const begun = performance.now();
          await (await fetch(`/index.html?${round}`)).text();
          times.push(performance.now() - begun);
        }
        return times.slice(first);
      },
      [warmUp, rounds] as const,
    );
  }
}
