import { describe, expect, it } from 'vitest';
import { printedRandom } from '../../src/base/seed-fixture';
import { crashPages } from '../support/browser-crashes';
import { hasFileSystemTools } from '../support/disk-templates';

describe.runIf(hasFileSystemTools)('an ext4 volume in the page', { timeout: 300_000 }, () => {
  it('has all that was acknowledged when its tab, its store or the whole browser is killed', async () => {
    const { kills, acknowledged } = await crashPages(['tab', 'browser', 'store'], printedRandom('killed pages'));
    expect(kills).toBe(3);
    expect(acknowledged).toBeGreaterThanOrEqual(3);
  });
});
