import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { chunksOf } from '../../base/streams';
import { recordedIo } from '../command-io-fixture';
import { MemoryFiles } from '../memory-files-fixture';
import { builtins } from './builtins/builtins';
import { runLine } from './run-line';
import { createShellState, type ShellProgram, type ShellState } from './shell';

const files = (): MemoryFiles =>
  new MemoryFiles({ '/notes.txt': 'one\ntwo\nthree\n', '/site/index.html': '<h1>hi</h1>\n', '/site/.hidden': '' });

/** Writes without end, until nobody reads. */
const endless: ShellProgram = {
  name: 'endless',
  summary: '',
  async run(_, io) {
    for (;;) await io.stdout.write('y\n');
  },
};

const complains: ShellProgram = {
  name: 'complains',
  summary: '',
  async run(_, io) {
    await io.stdout.write('out\n');
    await io.stderr.write('err\n');
    return 3;
  },
};

const waits: ShellProgram = {
  name: 'waits',
  summary: '',
  async run(_, io) {
    for await (const _chunk of chunksOf(io.stdin));
    return 0;
  },
};

const newShell = (): ShellState => createShellState([...builtins, endless, complains, waits], new FakeClock());

async function run(line: string, { shell = newShell(), area = files(), stdin = '' } = {}) {
  const recorded = recordedIo({ files: area, stdin });
  const code = await runLine(line, shell, recorded.io);
  return { code, out: recorded.out(), err: recorded.err(), area, shell };
}

describe('a line', () => {
  it.each([
    ['echo a "b  c"', 'a b  c\n'],
    ['echo -n a', 'a'],
    ['cat notes.txt', 'one\ntwo\nthree\n'],
    ['cat notes.txt | grep t | head -1', 'two\n'],
    ['cat < notes.txt | tail -n 1', 'three\n'],
    ['grep -c o notes.txt', '2\n'],
    ['grep -vn o notes.txt', '3:three\n'],
    ['wc -l notes.txt', '3 notes.txt\n'],
    ['cat notes.txt | wc', '      3       3      14\n'],
    ['ls', 'notes.txt\nsite/\n'],
    ['ls -a site', '.hidden\nindex.html\n'],
    ['cd site; pwd; cat index.html', '/site\n<h1>hi</h1>\n'],
    ['false || echo no; true && echo yes; false && echo never', 'no\nyes\n'],
    ['false; echo $?; echo $?', '1\n0\n'],
    [`A="x  y"; echo $A; echo "$A"; echo '$A' $\{A}z`, 'x y\nx  y\n$A x yz\n'],
    ['export B=1 C=2; env | grep B', 'B=1\n'],
    ['endless | head -2', 'y\ny\n'],
    ['complains 2>&1 | grep err', 'err\n'],
    ['complains 2>/dev/null', 'out\n'],
    ['echo one > a; echo two >> a; cat a', 'one\ntwo\n'],
    [
      'mkdir -p d/e; cp notes.txt d; mv d/notes.txt d/e/n; cat d/e/n | head -n 1; rm -r d; ls',
      'one\nnotes.txt\nsite/\n',
    ],
    ['cp -r site copy; ls -a copy', '.hidden\nindex.html\n'],
    ['cat - notes.txt | wc -l', '3\n'],
  ])('%s', async (line, out) => {
    expect((await run(line)).out).toBe(out);
  });

  it.each([
    ['nothing', 'nothing: command not found\n', 127],
    ['ecko', 'ecko: command not found (did you mean "echo"?)\n', 127],
    ['cat nowhere', 'cat: nowhere: No such file or directory\n', 1],
    ['cat < nowhere', 'cat: nowhere: No such file or directory\n', 1],
    ['echo x > site', 'echo: site: Is a directory\n', 1],
    ['cat site', 'cat: site: Is a directory\n', 1],
    ['cd nowhere', 'cd: nowhere: No such directory\n', 1],
    ['rm site', 'rm: site: Is a directory\n', 1],
    ['cp site x', "cp: -r not specified; omitting directory 'site'\n", 1],
    ['cp -r site site/x', "cp: cannot copy a directory, 'site', into itself\n", 1],
    ['ls -Z', "ls: invalid option -- 'Z'\n", 1],
    ['grep [', 'grep: [: not a pattern\n', 1],
    ['echo "', 'syntax error: unexpected end of line\n', 2],
    ['complains', 'err\n', 3],
  ])('%s goes wrong as told', async (line, err, code) => {
    const ended = await run(line);
    expect(ended.err).toBe(err);
    expect(ended.code).toBe(code);
    expect(ended.shell.code).toBe(code);
  });

  it('ends a command that waits for input when that ends', async () => {
    expect((await run('waits')).code).toBe(0);
  });

  it('leaves a file as it was when the command before it does not begin', async () => {
    const area = files();
    await run('cat < nowhere > notes.txt', { area });
    expect(area.text('/notes.txt')).toBe('one\ntwo\nthree\n');
  });
});
