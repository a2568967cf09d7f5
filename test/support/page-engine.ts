import type { Page } from 'playwright-core';
import { parseDockerStream } from '../../src/formats/docker-stream';
import type { StrataPage } from './page-fleet';

/** The body of what the page's Docker Engine API answers. Throws what it says when it refuses. */
export async function askEngine(
  page: Page,
  method: string,
  path: string,
  body?: object,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await page.evaluate(
    async ([how, where, text]) => {
      const { engine } = (globalThis as unknown as StrataPage).strata;
      const headers = { 'content-type': 'application/json' };
      const sent = text === undefined ? {} : { body: text };
      const answer = await engine.fetch(new Request(`http://engine/v1.47${where}`, { method: how, headers, ...sent }));
      if (!answer.ok) throw new Error(`${how} ${where}: ${await answer.text()}`);
      return [...new Uint8Array(await answer.arrayBuffer())];
    },
    [method, path, body && JSON.stringify(body)] as const,
  );
  return Uint8Array.from(bytes);
}

/** What it answers in JSON. */
export async function readEngine<T>(page: Page, path: string, method = 'GET'): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await askEngine(page, method, path))) as T;
}

/** What a container has written, with the time of each line. */
export async function logOf(page: Page, container: string): Promise<Record<'stdout' | 'stderr', string>> {
  return textsOf(await askEngine(page, 'GET', `/containers/${container}/logs?stdout=1&stderr=1&timestamps=1`));
}

/** Runs a shell command in a container and returns what it printed. Throws when it fails. */
export async function execIn(page: Page, container: string, command: string): Promise<string> {
  const body = { AttachStdout: true, AttachStderr: true, Cmd: ['sh', '-c', command] };
  const { Id } = JSON.parse(
    new TextDecoder().decode(await askEngine(page, 'POST', `/containers/${container}/exec`, body)),
  ) as { readonly Id: string };
  const { stdout, stderr } = await textsOf(await askEngine(page, 'POST', `/exec/${Id}/start`, {}));
  const { ExitCode: code } = await readEngine<{ readonly ExitCode: number }>(page, `/exec/${Id}/json`);
  if (code !== 0) throw new Error(`"${command}" in ${container} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

async function textsOf(multiplexed: Uint8Array<ArrayBuffer>): Promise<Record<'stdout' | 'stderr', string>> {
  const texts = { stdout: '', stderr: '' };
  const chunks = (async function* () {
    yield multiplexed;
  })();
  for await (const { source, bytes } of parseDockerStream(chunks)) {
    if (source !== 'stdin') texts[source] += new TextDecoder().decode(bytes);
  }
  return texts;
}
