import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser';
import { cases } from './cases/index';
import { isMet, type Row } from './row';
import { formatTable } from './table';

/** `npm run bench [-- --json FILE] [--only NAME]`: measures everything and prints one table. */
const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const chosen = values.only === undefined ? cases : cases.filter(({ name }) => name === values.only);
if (chosen.length === 0) {
  console.error(`No bench named ${values.only}; there are: ${cases.map(({ name }) => name).join(', ')}`);
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
