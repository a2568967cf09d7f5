import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

describe('pictures of the page', () => {
  it('are not said to be good where none was taken, since no view has the name', async () => {
    const args = [join(root, 'scripts/screenshots.mjs'), '--only', 'overwiev'];
    const result = await run(process.execPath, args, { capture: true, timeoutMs: 60_000 });
    expect(result).toMatchObject({ ok: false, timedOut: false });
    expect(result.output).toContain('No view is called overwiev: there are overview,');
  });
});
