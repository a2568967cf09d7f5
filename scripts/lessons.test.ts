import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

describe('npm run lessons with a folder', { timeout: 60_000 }, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'strata-lessons-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  const run = (given: string): Promise<{ readonly code: unknown; readonly said: string }> =>
    new Promise((resolve) => {
      const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
      execFile(process.execPath, [tsx, join(root, 'scripts/lessons.ts'), given], (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, said: stdout + stderr }),
      );
    });

  it('reads one that is under git and has folders, and asks no more of it than the page does', async () => {
    write({
      '.git/HEAD': 'ref: refs/heads/main',
      'pictures/a.png': '',
      'lesson.md': '---\nlesson: 1\ntitle: T\nsummary: S\nminutes: 5\nsteps: [1.md]\n---\nBegin.\n',
      '1.md': '---\ntitle: A step to read\n---\nHi\n',
    });
    expect(await run(folder)).toEqual({ code: 0, said: '1 lesson, 0 problems\n' });
  });

  it('says of one that is not there that it is not', async () => {
    const { code, said } = await run(join(folder, 'none'));
    expect(said).toBe(`${join(folder, 'none')}: there is no such folder\n1 lesson, 1 problem\n`);
    expect(code).toBe(1);
  });

  it('takes a scenario of Killercoda as the page does, and names what is left out', async () => {
    write({
      'index.json':
        '{"title": "T", "details": {"steps": [{"text": "step1/text.md"}]}, "backend": {"imageid": "ubuntu"}}',
      'step1/text.md': 'Run `ls`{{exec}}',
    });
    const { code, said } = await run(folder);
    expect(said).toContain(': left out: backend.imageid "ubuntu"');
    expect(said).toContain('1 lesson, 0 problems');
    expect(code).toBe(0);
  });
});
