import { describe, expect, it } from 'vitest';
import { run } from './run.mjs';

const node = (script: string, timeoutMs = 10_000) =>
  run(process.execPath, ['-e', script], { capture: true, timeoutMs });

describe('running a program', () => {
  it('gives what it printed and whether it did well', async () => {
    expect(await node('console.log("out"); console.error("err")')).toMatchObject({ ok: true, output: 'out\nerr\n' });
    expect(await node('process.exit(3)')).toMatchObject({ ok: false, timedOut: false });
  });

  it('says so when there is no such program', async () => {
    const result = await run('strata-no-such-program', [], { capture: true });
    expect(result.ok).toBe(false);
    expect(result.output).toContain('ENOENT');
  });

  it('kills a program that takes too long, and what that one started', async () => {
    // The output stays open until the last of the group has ended: a grandchild left alive would hang here.
    const script = `
      const { spawn } = require('node:child_process');
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      setInterval(() => {}, 1000);`;
    expect(await node(script, 300)).toMatchObject({ ok: false, timedOut: true });
  });
});
