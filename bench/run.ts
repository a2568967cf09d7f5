import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser';
import { cases } from './cases/index';
import { isMet, type Row } from './row';
import { formatTable } from './table';

/**
 * `npm run bench [-- --json FILE] [--only NAME]`: measures everything, or what has that name, or, where nothing has, what begins with
 * it, and prints one table.
 */
const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const { only } = values;
const named = cases.filter(({ name }) => name === only);
const chosen =
  only === undefined ? cases : named.length > 0 ? named : cases.filter(({ name }) => name.startsWith(`${only}-`));
if (chosen.length === 0) {
  console.error(`No bench named ${only}; there are: ${cases.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const lab = await openBrowser();
const rows: Row[] = [];
try {
  for (const { name, measure } of chosen) {
    console.error(`measuring ${name} …`);
    try {
      rows.push(...(await measure(lab)));
    } catch (error) {
      console.error(`${name} failed:`, error);
      process.exitCode = 1;
    }
  }
} finally {
  await lab.close();
}
console.log(formatTable(rows));
if (values.json !== undefined) {
  await writeFile(
    values.json,
    `${JSON.stringify(
      rows.map((row) => ({ ...row, met: isMet(row) })),
      null,
      2,
    )}\n`,
  );
}
