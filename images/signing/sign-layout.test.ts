import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyLayout } from '../../scripts/verify-artifacts.mjs';
import type { PullEvent } from '../../src/api/distribution';
import { systemClock } from '../../src/base/clock';
import { MemoryMetadataStore } from '../../src/storage/metadata-store';
import { ContentFixture } from '../../src/storage/registry/content-fixture';
import { ImageRegistries } from '../../src/storage/registry/image-registries';
import { projectPolicy } from '../../src/storage/signing/project-policy';
import { OciLayout, readReferences } from '../lib/oci-layout';
import { signLayout } from './sign-layout';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-layout-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function writeLayout(contents: Readonly<Record<string, string>>): void {
  const layout = new OciLayout(directory);
  for (const [reference, content] of Object.entries(contents)) {
    layout.putArtifact(reference, { artifactType: 'test', layers: [layout.putBlob('text/plain', content)] });
  }
  layout.finish();
}

const index = () => readFileSync(join(directory, 'index.json'), 'utf8');

describe('the signatures of what is published', () => {
  it('are the same bytes each time, and leave the layout sound', async () => {
    writeLayout({ 'strata/a:1': 'alpha', 'strata/b:1': 'beta' });
    expect(await signLayout(directory)).toBe(2);
    const first = index();
    expect(await verifyLayout(directory)).toEqual([]);
    writeLayout({ 'strata/b:1': 'beta', 'strata/a:1': 'alpha' });
    await signLayout(directory);
    await signLayout(directory);
    expect(index()).toBe(first);
    expect([...readReferences(directory).keys()].filter((name) => name.endsWith('.sig'))).toHaveLength(2);
  });

  it('go with what they signed', async () => {
    writeLayout({ 'strata/a:1': 'alpha' });
    await signLayout(directory);
    const layout = new OciLayout(directory);
    for (const [reference, descriptor] of readReferences(directory)) {
      if (reference !== 'strata/a:1') layout.keepArtifact(reference, descriptor);
    }
    layout.putArtifact('strata/a:1', { artifactType: 'test', layers: [layout.putBlob('text/plain', 'gamma')] });
    layout.finish();
    expect(await signLayout(directory)).toBe(1);
    expect(readReferences(directory).size).toBe(2);
    expect(await verifyLayout(directory)).toEqual([]);
  });

  it('are believed by the policy that the page begins with, and missed when they are not there', async () => {
    const server = createServer((request, response) => {
      try {
        response.end(readFileSync(join(directory, request.url ?? '')));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const pull = (onEvent: (event: PullEvent) => void) =>
      new ImageRegistries({
        content: new ContentFixture(),
        metadata: new MemoryMetadataStore(),
        fetch: (url, init) => fetch(url, init),
        clock: systemClock,
        layoutUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      }).pull('strata/a:1', { policy: projectPolicy, onEvent });
    writeLayout({ 'strata/a:1': 'alpha' });
    const events: PullEvent[] = [];
    expect((await pull((event) => events.push(event))).signature).toEqual({ kind: 'unsigned' });
    expect(events.some(({ kind }) => kind === 'warning')).toBe(true);
    await signLayout(directory);
    expect((await pull(() => undefined)).signature.kind).toBe('signed');
    await new Promise((resolve) => server.close(resolve));
  });
});
