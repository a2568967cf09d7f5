/**
 * `npm run lessons [folder…]`: what is wrong with lessons, by file, line and column. Without a folder those of this repository,
 * and whether `public/lessons/index.json` is theirs; `--write` writes it anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describeLessonProblem, type LessonFiles, readLesson } from '../src/formats/lesson/read-lesson';
import { lintLesson } from '../src/lessons/lint-lesson';

const home = join(import.meta.dirname, '../public/lessons');
const indexFile = join(home, 'index.json');
const given = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const folders = given.length > 0 ? given : foldersOf(home);

const complaints = folders.flatMap((folder) =>
  lintLesson(filesOf(folder)).map((problem) => `${basename(folder)}/${describeLessonProblem(problem)}`),
);
if (given.length === 0) {
  const index = `${JSON.stringify(folders.flatMap(entryOf), undefined, 2)}\n`;
  if (process.argv.includes('--write')) writeFileSync(indexFile, index);
  else if (readFileSync(indexFile, 'utf8') !== index)
    complaints.push('index.json is not what the folders say: npm run lessons -- --write');
}
for (const complaint of complaints) console.log(complaint);
console.log(`${folders.length} lessons, ${complaints.length} problems`);
process.exitCode = complaints.length > 0 ? 1 : 0;

function foldersOf(home: string): readonly string[] {
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(home, name))
    .sort();
}

function filesOf(folder: string): LessonFiles {
  return new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

/** What the page's list has of a lesson. */
function entryOf(folder: string): readonly object[] {
  const files = filesOf(folder);
  const read = readLesson(files);
  if ('problems' in read) return [];
  const { title, summary, minutes } = read.lesson;
  return [{ id: basename(folder), title, summary, minutes, files: [...files.keys()] }];
}
