import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from './digest';
import { OciLayout, readManifest, readReferences } from './oci-layout';
import { compareReferences } from './report';

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

describe('OciLayout', () => {
  it('stores every blob under its digest', () => {
    writeLayout({ 'strata/a:1': 'alpha' });
    const files = readdirSync(join(directory, 'blobs/sha256'));
    expect(files).toHaveLength(3);
    for (const name of files) {
      expect(digestOf(readFileSync(join(directory, 'blobs/sha256', name)))).toBe(`sha256:${name}`);
    }
    expect(readFileSync(join(directory, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
  });

  it('writes the same index for the same artifacts in another order', () => {
    writeLayout({ 'strata/a:1': 'alpha', 'strata/b:1': 'beta' });
    const first = readFileSync(join(directory, 'index.json'), 'utf8');
    writeLayout({ 'strata/b:1': 'beta', 'strata/a:1': 'alpha' });
    expect(readFileSync(join(directory, 'index.json'), 'utf8')).toBe(first);
  });

  it('removes blobs that no artifact has any more', () => {
    writeLayout({ 'strata/a:1': 'alpha' });
    const [old] = readManifest(directory, readReferences(directory).get('strata/a:1')!).layers;
    writeLayout({ 'strata/a:1': 'omega' });
    expect(existsSync(join(directory, 'blobs/sha256', old!.digest.slice('sha256:'.length)))).toBe(false);
  });
});

describe('compareReferences', () => {
  it('says for each artifact what became of its digest', () => {
    writeLayout({ 'strata/gone:1': 'x', 'strata/moved:1': 'old', 'strata/same:1': 'y' });
    const before = readReferences(directory);
    writeLayout({ 'strata/moved:1': 'new', 'strata/new:1': 'z', 'strata/same:1': 'y' });
    const lines = compareReferences(before, readReferences(directory));
    expect(lines.map((line) => line.replaceAll(/sha256:[0-9a-f]{64}/g, '#'))).toEqual([
      'strata/gone:1: gone, was #',
      'strata/moved:1: changed: # -> #',
      'strata/new:1: new #',
      'strata/same:1: same digest #',
    ]);
  });
});
