import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './lib/paths.mjs';
import { run } from './lib/run.mjs';

/** Imports that must not be, with the rule that names each. */
const wrong = [
  ['src/base/up.ts', '../ui/text', 'base-imports-upwards'],
  ['src/network/sibling.ts', '../runtime/supervisor', 'network-imports-upwards'],
  ['src/engine/up.ts', '../cli/grammar', 'engine-imports-upwards'],
  ['src/engine/database.ts', 'idb', 'idb-outside-its-home'],
  ['src/engine/emulator.ts', 'v86', 'v86-outside-its-home'],
  ['src/ui/channel.ts', 'comlink', 'comlink-outside-its-home'],
  ['src/engine/markup.ts', 'lit', 'lit-outside-its-home'],
  ['src/storage/disk.ts', 'node:fs', 'no-node-in-the-page'],
  ['src/engine/check.ts', 'fast-check', 'no-development-package'],
  ['src/engine/missing.ts', './absent', 'not-resolvable'],
  ['src/storage/tested.ts', './tested.test', 'no-test-code-in-the-page'],
] as const;

const right = [
  ['src/ui/down.ts', '../engine/database'],
  ['src/storage/home.ts', 'idb'],
  ['src/storage/tested.test.ts', '../runtime/supervisor'],
] as const;

const targets = ['src/ui/text.ts', 'src/runtime/supervisor.ts', 'src/cli/grammar.ts'];

let folder: string;
let output: string;

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-imports-'));
  for (const name of ['node_modules', 'package.json', 'tsconfig.json', 'tsconfig.base.json']) {
    await symlink(join(root, name), join(folder, name));
  }
  for (const path of targets) await write(path, 'export const value = 1;\n');
  for (const [path, target] of [...wrong, ...right])
    await write(path, `import '${target}';\nexport const value = 1;\n`);
  const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [tool, '--config', join(root, '.dependency-cruiser.mjs'), '--output-type', 'err-long', 'src'];
  ({ output } = await run(process.execPath, args, { cwd: folder, capture: true }));
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the import rule', () => {
  it.each(wrong)('refuses that %s imports %s', (path, _target, rule) => {
    expect(output).toMatch(new RegExp(`error ${rule}: ${path} `));
  });

  it.each(right)('allows that %s imports %s', (path) => {
    expect(output).not.toContain(`: ${path} `);
  });

  it('says what to do instead', () => {
    const message = /error base-imports-upwards:.*\n([\s\S]*?)\n\n/.exec(output)?.[1] ?? '';
    expect(message.replace(/\s+/g, ' ')).toContain('Put the type that both sides need into src/api');
  });
});
