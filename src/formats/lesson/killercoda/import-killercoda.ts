import { isMap, isScalar, type Pair, stringify, YAMLMap } from 'yaml';
import { problemAt } from '../../markdown/read-markdown';
import { serializeScenario } from '../../scenario/serialize-scenario';
import { dictionary, list, readYaml, record, string, type YamlReader } from '../../yaml/yaml-reader';
import { lessonVersion } from '../lesson-shape';
import type { LessonFiles, LessonProblem } from '../read-lesson';
import { lessonFile } from '../read-lesson';
import { convertText, fenced } from './convert-text';

/** A scenario as a folder of ours, and what had to be left out, for people. */
export interface ImportedLesson {
  readonly files: LessonFiles;
  readonly dropped: readonly string[];
}

export type ImportResult = ImportedLesson | { readonly problems: readonly LessonProblem[] };

/** The file of a scenario that says what there is. */
const indexFile = 'index.json';

/** The one machine of the lab. */
const machine = 'host';
const machineMiB = 128;

/** What reading takes somebody when nobody says so: a few minutes for each step. */
const minutesForStep = 3;

/** Whatever is there: it is not used, and told. */
const anything: YamlReader<true> = () => true;

/** A map that may have more than what is used of it: the names of the rest, too. */
function partly<Required extends Readers, Optional extends Readers>(required: Required, optional: Optional) {
  const read = record(required, optional);
  const used = new Set([...Object.keys(required), ...Object.keys(optional)]);
  return ((value) => {
    const { node } = value;
    if (!isMap(node)) return read(value);
    const nameOf = ({ key }: Pair): string => (isScalar(key) ? String(key.value) : '');
    const known = new YAMLMap();
    known.items = node.items.filter((item) => used.has(nameOf(item)));
    known.range = node.range ?? null;
    const unused = node.items.map(nameOf).filter((name) => !used.has(name));
    const found = read(value.at(known, value.path));
    return found && { ...found, unused };
  }) satisfies YamlReader<unknown>;
}

type Readers = Readonly<Record<string, YamlReader<unknown>>>;

const text = string({ most: 4096 });
/** Something that is told, whatever it is. */
const shown: YamlReader<string> = ({ node }) => (isScalar(node) ? String(node.value).slice(0, 80) : '…');
const part = partly({}, { title: text, text, verify: text, foreground: text, background: text });
const index = partly(
  { title: text },
  {
    // A scenario without any is a machine to play with.
    details: partly({}, { intro: part, steps: list(part, 31), finish: part, assets: anything }),
    description: text,
    time: shown,
    backend: dictionary(shown, 16),
  },
);

interface Part {
  readonly title?: string;
  readonly text?: string;
  readonly verify?: string;
  readonly foreground?: string;
  readonly background?: string;
  /** Keys that a lesson has no place for. */
  readonly unused?: readonly string[];
}

interface Index {
  readonly title: string;
  readonly details?: {
    readonly intro?: Part;
    readonly steps?: readonly Part[];
    readonly finish?: Part;
    readonly assets?: true;
    readonly unused?: readonly string[];
  };
  readonly description?: string;
  readonly time?: string;
  readonly backend?: Readonly<Record<string, string>>;
  readonly unused?: readonly string[];
}

/**
 * Makes a lesson of a scenario of Killercoda: index.json with intro, steps and finish; texts, foreground, background and verify
 * scripts; click-to-run code. All code runs in one machine of ours, whatever its backend was.
 */
export function importKillercoda(files: LessonFiles): ImportResult {
  const source = files.get(indexFile);
  if (source === undefined)
    return { problems: [{ file: indexFile, ...problemAt(undefined, 'The folder has no such file') }] };
  const read = readYaml(source, index);
  if ('problems' in read) return { problems: read.problems.map((problem) => ({ file: indexFile, ...problem })) };
  return new Import(files).make(read.value);
}

class Import {
  readonly #files: LessonFiles;
  readonly #made = new Map<string, string>();
  readonly #dropped: string[] = [];
  readonly #problems: LessonProblem[] = [];

  constructor(files: LessonFiles) {
    this.#files = files;
  }

  make(given: Index): ImportResult {
    const { title, description, time = '', backend = {}, details = {} } = given;
    const [said] = /^\d+/.exec(time) ?? [];
    if (time !== '' && said === undefined) this.#dropped.push(`time "${time}": it does not begin with minutes`);
    const { intro, steps = [], finish, assets } = details;
    if (assets) this.#dropped.push('assets: files that are copied into the machine before it begins');
    for (const [key, value] of Object.entries(backend)) {
      this.#dropped.push(`backend.${key} "${value}": our own Linux is used, with the tools of BusyBox`);
    }
    this.#unused(indexFile, given);
    this.#unused(`${indexFile}, details`, details);
    for (const each of [intro, ...steps, finish]) if (each) this.#unused(each.text ?? indexFile, each);
    const names = steps.map((step, at) => this.#step(`${at + 1}.md`, step, `Step ${at + 1}`, 'step'));
    if (finish) names.push(this.#step('finish.md', finish, 'At the end', 'finish'));
    const head = {
      lesson: lessonVersion,
      title: title.slice(0, 120),
      summary: (description ?? title).replace(/\s+/g, ' ').slice(0, 300),
      minutes: Math.max(1, Math.min(240, Number(said ?? minutesForStep * names.length))),
      lab: 'lab.yaml',
      steps: names,
    };
    this.#write(lessonFile, head, this.#introduction(intro));
    this.#made.set('lab.yaml', this.#lab(title, intro));
    return this.#problems.length > 0 ? { problems: this.#problems } : { files: this.#made, dropped: this.#dropped };
  }

  #unused(where: string, { unused = [] }: Pick<Part, 'unused'>): void {
    for (const key of unused) this.#dropped.push(`${where}: ${key.slice(0, 80)}, which is not taken over`);
  }

  #introduction(intro: Part | undefined): string {
    if (intro?.verify !== undefined) this.#dropped.push(`${intro.verify}: an introduction has no checks`);
    if (intro?.foreground !== undefined) {
      this.#dropped.push(`${intro.foreground} in view: it runs before the lesson begins, out of sight`);
    }
    return this.#text(intro?.text);
  }

  /** What runs at the beginning runs before anybody can look. */
  #lab(title: string, intro: Part | undefined): string {
    const scripts = [intro?.background, intro?.foreground].flatMap((name) =>
      name === undefined ? [] : this.#script(name),
    );
    return serializeScenario({
      name: title.slice(0, 120),
      networks: [],
      instances: [
        { kind: 'vm', name: machine, memory: machineMiB, ...(scripts.length > 0 && { setup: scripts.join('\n') }) },
      ],
      containers: [],
      publish: [],
    });
  }

  #step(file: string, { title, text, verify, foreground, background }: Part, usual: string, what: string): string {
    const begun = [
      ...(background === undefined
        ? []
        : this.#script(background).map((script) => `( ${script}\n) > /dev/null 2>&1 &`)),
      ...(foreground === undefined ? [] : this.#script(foreground)),
    ];
    const first = begun.length === 0 ? '' : `To begin this ${what}:\n\n${fenced(begun.join('\n'), machine)}\n\n`;
    const checks =
      verify === undefined
        ? []
        : this.#script(verify).map((run) => ({
            kind: 'command',
            name: `The script ${verify} finds all done`,
            in: machine,
            within: 30,
            run,
          }));
    this.#write(
      file,
      { title: (title ?? usual).slice(0, 120), ...(checks.length > 0 && { checks }) },
      first + this.#text(text),
    );
    return file;
  }

  #script(name: string): readonly string[] {
    const script = this.#files.get(clean(name));
    if (script === undefined) {
      this.#missing(name);
      return [];
    }
    const [first = ''] = script.split('\n');
    if (/^#!.*\b(bash|python\d?|zsh)\b/.test(first)) this.#dropped.push(`"${first}" of ${name}: it is run by sh`);
    return [
      script
        .replaceAll('\r\n', '\n')
        .replace(/^#!.*\n/, '')
        .trimEnd(),
    ];
  }

  #text(name: string | undefined): string {
    if (name === undefined) return '';
    const source = this.#files.get(clean(name));
    if (source === undefined) {
      this.#missing(name);
      return '';
    }
    const { text, dropped } = convertText(source, machine);
    this.#dropped.push(...dropped.map((each) => `${name}: ${each}`));
    return text;
  }

  #missing(name: string): void {
    this.#problems.push({ file: indexFile, ...problemAt(undefined, `"${name}" is not in the folder`) });
  }

  #write(file: string, head: Readonly<Record<string, unknown>>, body: string): void {
    this.#made.set(file, `---\n${stringify(head, { lineWidth: 0, aliasDuplicateObjects: false })}---\n${body}\n`);
  }
}

function clean(name: string): string {
  return name.replace(/^\.?\//, '');
}
