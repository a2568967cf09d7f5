import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../lib/digest';

/**
 * Writes the files below a directory as C, the table that libos/files.c looks things up in, each at its path below the
 * directory. Writes nothing when nothing has changed, so that nothing is compiled again.
 */
export function embedFiles(directory: string, output: string): void {
  const paths = existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort() : [];
  const files = paths.filter((path) => statSync(join(directory, path)).isFile());
  if (files.length === 0) {
    rmSync(output, { force: true });
    return;
  }
  const source = serializeFiles(
    files.map((path) => ({ path: `/${path}`, bytes: readFileSync(join(directory, path)) })),
  );
  if (existsSync(output) && readFileSync(output, 'utf8') === source) return;
  mkdirSync(join(output, '..'), { recursive: true });
  writeFileSync(output, source);
}

interface EmbeddedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

function serializeFiles(files: readonly EmbeddedFile[]): string {
  const contents = files.map(({ bytes }, index) => `static const uint8_t file_${index}[] = {${[...bytes, 0].join()}};`);
  const entries = files.map(({ path, bytes }, index) => {
    const tag = JSON.stringify(`"${sha256Hex(bytes).slice(0, 16)}"`);
    return `    {${JSON.stringify(path)}, file_${index}, ${bytes.length}, ${tag}},`;
  });
  return [
    '#include "libos.h"',
    ...contents,
    'const struct file embedded_files[] = {',
    ...entries,
    '};',
    `const size_t embedded_file_count = ${files.length};`,
    '',
  ].join('\n');
}
