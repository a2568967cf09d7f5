/**
 * `npm run lessons [folder…]`: what is wrong with lessons, by file, line and column; of scenarios of Killercoda also what had to be
 * left out. Without a folder those of this repository, and whether `public/lessons/index.json` is theirs; `--write` writes it anew.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  describeLessonProblem,
  type LessonFiles,
  type LessonProblem,
  readLesson,
} from '../src/formats/lesson/read-lesson';
import { isLessonFile, lessonLimits } from '../src/lessons/lesson-files';
import { lintLesson } from '../src/lessons/lint-lesson';
import { readBrought } from '../src/lessons/read-brought';

const home = join(import.meta.dirname, '../public/lessons');
const indexFile = join(home, 'index.json');
const given = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const folders = given.length > 0 ? given : foldersOf(home);

const complaints = (await Promise.all(folders.map(complaintsOf))).flat();
if (given.length === 0) {
  const index = `${JSON.stringify(folders.flatMap(entryOf), undefined, 2)}\n`;
  if (process.argv.includes('--write')) writeFileSync(indexFile, index);
  else if (readFileSync(indexFile, 'utf8') !== index)
    complaints.push('index.json is not what the folders say: npm run lessons -- --write');
}
for (const complaint of complaints) console.log(complaint);
console.log(`${counted(folders.length, 'lesson')}, ${counted(complaints.length, 'problem')}`);
process.exitCode = complaints.length > 0 ? 1 : 0;

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function foldersOf(home: string): readonly string[] {
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(home, name))
    .sort();
}

async function complaintsOf(folder: string): Promise<readonly string[]> {
  const name = basename(resolve(folder));
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [`${folder}: there is no such folder`];
  const files = filesOf(folder);
  const tell = (problem: LessonProblem): string => `${name}/${describeLessonProblem(problem)}`;
  // What we ask of our own is asked of nobody else.
  if (dirname(resolve(folder)) === home) return lintLesson(files).map(tell);
  const { problems, dropped } = await readBrought(files);
  for (const each of dropped) console.log(`${name}: left out: ${each}`);
  return problems.map(tell);
}

/** What the page would read of it, by paths. */
function filesOf(folder: string, below = '', depth = 0): LessonFiles {
  const entries = readdirSync(join(folder, below), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(
    entries.flatMap((entry): readonly (readonly [string, string])[] => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.')) return [];
      if (entry.isDirectory()) return depth < lessonLimits.depth ? [...filesOf(folder, path, depth + 1)] : [];
      return entry.isFile() && isLessonFile(path) ? [[path, readFileSync(join(folder, path), 'utf8')]] : [];
    }),
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
