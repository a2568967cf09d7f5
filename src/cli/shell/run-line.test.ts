// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are of the language under test
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

/** Tells what it cannot write, as some commands do. */
const caught: ShellProgram = {
  name: 'caught',
  summary: '',
  async run(_, io) {
    try {
      for (;;) await io.stdout.write('y\n');
    } catch (error) {
      if (io.signal.aborted) throw error;
      await io.stderr.write(`caught: ${String(error)}\n`);
      return 1;
    }
  },
};

const floods: ShellProgram = {
  name: 'floods',
  summary: '',
  async run(_, io) {
    for (;;) await io.stdout.write('y'.repeat(2 ** 20));
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

const newShell = (): ShellState =>
  createShellState([...builtins, endless, caught, floods, complains, waits], new FakeClock());

async function run(line: string, { shell = newShell(), area = files(), stdin = '' } = {}) {
  const recorded = recordedIo({ files: area, stdin });
  const code = await runLine(line, shell, recorded.io);
  return { code, out: recorded.out(), err: recorded.err(), area, shell };
}

describe('variables between braces', () => {
  it.each([
    ['echo ${X:-3} ${E:-e}${E-f} ${A:-1}', '3 e abc\n'],
    ['echo ${X-3} ${X:+y}${A:+y} ${E+set}', '3 y set\n'],
    ['echo ${#A} ${#X} "${X:-two  words}" ${X:-$A}', '3 0 two  words abc\n'],
    ["echo '${X:-3}'", '${X:-3}\n'],
  ])('%s', async (line, out) => {
    expect(await run(`A=abc; E=; ${line}`)).toMatchObject({ code: 0, out, err: '' });
  });

  it.each(['${A%c}', '${A:1}', '${X:=1}', '${}', '${X:-a b}', '${!A}'])('%s is refused', async (text) => {
    const { code, out, err } = await run(`A=abc; echo ${text}`);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^shell: \$\{.*: bad substitution\n$/);
  });

  it('end what needs one that is not set', async () => {
    expect(await run('echo ${X:?no X}')).toMatchObject({ code: 1, err: expect.stringContaining('bad substitution') });
    expect(await run('echo "${X:?no X}"')).toMatchObject({ code: 1, out: '', err: 'shell: X: no X\n' });
    expect(await run('echo ${X?}')).toMatchObject({ code: 1, err: 'shell: X: it is not set\n' });
  });

  it('are no sums, which end with the code of what cannot be read', async () => {
    expect(await run('echo $((1+2))')).toMatchObject({
      code: 2,
      out: '',
      err: 'arithmetic is not supported: $((1+2))\n',
    });
  });
});

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
    ['echo $PWD $HOME $USER; cd site; echo $PWD $OLDPWD; cd; pwd', '/ / root\n/site /\n/\n'],
    ['cd site; cd - ; cd -; echo $PWD "$(cd /; echo $PWD)"', '/\n/site\n/site /\n'],
    [
      'HOME=/site; echo ~ ~/a "~" \\~ a~ ~b ~"" x=~/y; A=~; echo $A; cd; pwd',
      '/site /site/a ~ ~ a~ ~b ~ x=/site/y\n/site\n/site\n',
    ],
    ['echo hi > ~/a; cat ~/notes.txt ~/a | tail -n 1', 'hi\n'],
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
    ['echo $(echo a   b) "$(echo "a   b")" `echo c`', 'a b a   b c\n'],
    ['echo x$(cat notes.txt)y', 'xone two threey\n'],
    ['echo "$(cat notes.txt)"', 'one\ntwo\nthree\n'],
    ['echo $(echo $(echo "$(echo deep)") `echo \\`echo old\\``)', 'deep old\n'],
    [`echo '$(echo a)' "\\$(echo a)" \\$HOME`, '$(echo a) $(echo a) $HOME\n'],
    ['echo $(echo ")" \')\')', ') )\n'],
    ['echo a $(true) b "$(true)" c | wc -c', '7\n'],
    ['A=$(cat notes.txt); echo "$A"', 'one\ntwo\nthree\n'],
    ['false; A=$(true) ; echo $?; A=$(complains 2>/dev/null); echo $? $A', '0\n3 out\n'],
    ['$(false); echo $?; $(echo echo) hi', '1\nhi\n'],
    ['echo $(cd site; B=2; pwd) $B; pwd', '/site\n/\n'],
    ['echo $(false) $?; false; echo $(echo $?)', '0\n1\n'],
    ['cat < $(echo notes.txt) | head -n 1 > "$(echo a b)"; cat "a b"', 'one\n'],
    ['A=1 B="2 3" env | grep -E "^(A|B)="; echo $A', 'A=1\nB=2 3\n\n'],
    ['cat <<END\n$HOME \\$HOME "$(echo a)"\nEND', '/ $HOME "a"\n'],
    ["cat <<'END'\n$HOME \\ `x`\nEND\necho more", '$HOME \\ `x`\nmore\n'],
    ['cat <<A - <<B | grep -n .\none\nA\ntwo\nB\necho end', '1:two\nend\n'],
    ['cat <<-END\n\t\ta\n\tEND', 'a\n'],
    ['cat <<END\nEND', ''],
    ['echo a b | xargs', 'a b\n'],
    ['cat notes.txt | xargs -n 2 echo -', '- one two\n- three\n'],
    ['cat notes.txt | xargs -I X echo [X]', '[one]\n[two]\n[three]\n'],
    [`echo '"a  b" c\\ d' | xargs -n1 echo`, 'a  b\nc d\n'],
    ['true | xargs echo none; true | xargs -r echo never', 'none\n'],
    ['echo -n "a b" | xargs -0 -n1', 'a b\n'],
    ['echo 1 2 | xargs -n1 complains 2>/dev/null; echo $?', 'out\nout\n123\n'],
    ['head -c 5 notes.txt', 'one\nt'],
    ['tail -c 4 notes.txt; tail -c4 notes.txt | head -c 2', 'ree\nre'],
    ['tail -n +2 notes.txt; tail -c +9 notes.txt', 'two\nthree\nthree\n'],
    ['grep -A1 one notes.txt', 'one\ntwo\n'],
    ['grep -n -B 1 three notes.txt', '2-two\n3:three\n'],
    ['echo -e "a\\nb\\nc\\nd\\na" | grep -C 0 -A 1 a', 'a\nb\n--\na\n'],
    ['grep -o "t[a-z]" notes.txt', 'tw\nth\n'],
    [
      'grep -w on notes.txt; grep -x -e two notes.txt; grep -l o notes.txt; grep -m 1 o notes.txt',
      'two\nnotes.txt\none\n',
    ],
    ['echo -e "b\\na\\nb\\n10\\n9" | sort -u', '10\n9\na\nb\n'],
    ['echo -e "10\\n9\\n100" | sort -rn', '100\n10\n9\n'],
    ['echo -e "x 2\\ny 1" | sort -k 2; echo -e "a:2\\nb:1" | sort -t : -k2', 'y 1\nx 2\nb:1\na:2\n'],
    ['echo -e "a\\na\\nb" | uniq -c; echo -e "a\\na\\nb" | uniq -d', '      2 a\n      1 b\na\n'],
  ])('%s', async (line, out) => {
    expect((await run(line)).out).toBe(out);
  });

  it.each([
    ['nothing', 'nothing: command not found\n', 127],
    ['ecko', 'ecko: command not found (did you mean "echo"?)\n', 127],
    ['cat nowhere', 'cat: nowhere: No such file or directory\n', 1],
    ['cat < nowhere', 'cat: nowhere: No such file or directory\n', 1],
    ['echo x > site', 'echo: site: Is a directory\n', 1],
    ['echo x > missing/y', 'echo: missing/y: No such file or directory\n', 1],
    ['echo x >> notes.txt/y', 'echo: notes.txt/y: Not a directory\n', 1],
    ['cat site', 'cat: site: Is a directory\n', 1],
    ['cd nowhere', 'cd: nowhere: No such directory\n', 1],
    ['cd -', 'cd: OLDPWD not set\n', 1],
    ['rm site', 'rm: site: Is a directory\n', 1],
    ['cp site x', "cp: -r not specified; omitting directory 'site'\n", 1],
    ['cp -r site site/x', "cp: cannot copy a directory, 'site', into itself\n", 1],
    ['ls -Z', "ls: invalid option -- 'Z'\nUsage: ls [-alh1] [PATH…]\n", 1],
    ['head -z', "head: invalid option -- 'z'\nUsage: head [-n LINES | -c BYTES] [PATH…]\n", 1],
    ['head -n x', "head: invalid number of lines: 'x'\nUsage: head [-n LINES | -c BYTES] [PATH…]\n", 1],
    [
      'xargs -P 2 echo',
      "xargs: invalid option -- 'P'\nUsage: xargs [-0rt] [-n WORDS] [-I MARK] [COMMAND [WORD…]]\n",
      1,
    ],
    ['echo x | xargs nothing', 'nothing: command not found\n', 127],
    ['echo "\'" | xargs', "xargs: unmatched ' in the input; use -0 or -I for what has quotes\n", 1],
    ['echo $(nothing)', 'nothing: command not found\n', 0],
    ['echo $(echo', 'syntax error: unexpected end of line\n', 2],
    ['cat <<END\nx', 'syntax error: unexpected end of line\n', 2],
    ['cat <<', "syntax error near unexpected token `newline'\n", 2],
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

  it.each([
    ['endless | head -n 2', 'y\ny\n', 0],
    ['endless 2>&1 | true', '', 0],
    ['caught | head -n 1', 'y\n', 0],
    ['endless | false', '', 1],
    ['echo $(endless | head -c 3)', 'y y\n', 0],
  ])('%s ends without a word when nobody reads on', async (line, out, code) => {
    const ended = await run(line);
    expect(ended).toMatchObject({ out, err: '', code });
  });

  it('does not take more into a line than it can hold', async () => {
    expect(await run('echo $(floods) | cat')).toMatchObject({ out: '\n', err: 'floods: too much output for a line\n' });
  });

  it('leaves a file as it was when the command before it does not begin', async () => {
    const area = files();
    await run('cat < nowhere > notes.txt', { area });
    expect(area.text('/notes.txt')).toBe('one\ntwo\nthree\n');
  });
});
