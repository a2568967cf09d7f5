import { Terminal } from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { eventually } from '../../base/eventually-fixture';
import { FakeClock } from '../../base/fake-clock';
import { dockerShell } from '../docker/docker-shell';
import { MemoryFiles } from '../memory-files-fixture';
import { builtins } from './builtins/builtins';
import { createShellState, type ShellProgram } from './shell';
import { TerminalSession } from './terminal-session';

/** Shows what it gets key by key, until q. */
const keys: ShellProgram = {
  name: 'keys',
  summary: '',
  async run(_, io) {
    const raw = io.terminal?.raw();
    const reader = io.stdin.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value.includes(113)) break;
      await io.stdout.write(`<${[...value].join(' ')}>`);
    }
    raw?.dispose();
    await io.stdout.write('\n');
    return 0;
  },
};

/** The same, once it is told to begin. */
const begin = createDeferred<void>();
const late: ShellProgram = {
  name: 'late',
  summary: '',
  async run(...given) {
    await begin.promise;
    await given[1].stdout.write('\n');
    return keys.run(...given);
  },
};

const never: ShellProgram = {
  name: 'never',
  summary: '',
  run: (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
};

/** Hears no interrupt, and goes on to write when it is told to. */
const goOn = createDeferred<void>();
const deaf: ShellProgram = {
  name: 'deaf',
  summary: '',
  async run(_, { stdout }) {
    await goOn.promise;
    await stdout.write('late');
    return 0;
  },
};

/** Answers of an engine, of which completion asks for names. */
const engine = {
  async fetch(request: Request): Promise<Response> {
    const answers: Record<string, unknown> = {
      '/v1.47/containers/json': [{ Names: ['/web'] }, { Names: ['/worker'] }, { Names: ['/db'] }],
      '/v1.47/images/json': [{ RepoTags: ['busybox:latest'] }],
      '/v1.47/networks': [{ Name: 'lab' }],
      '/v1.47/volumes': { Volumes: [{ Name: 'data' }] },
    };
    return Response.json(answers[new URL(request.url).pathname] ?? []);
  },
};

function session(files = new MemoryFiles({ '/notes.txt': 'one\ntwo\n' })) {
  const terminal = new Terminal({ cols: 60, rows: 20, allowProposedApi: true });
  const clock = new FakeClock();
  const shell = createShellState([...builtins, keys, late, never, deaf, dockerShell(engine, clock)], clock);
  const lines: string[] = [];
  const carriedOut = new Set<string>();
  const running = new TerminalSession({
    shell,
    files,
    size: { columns: 60, rows: 20 },
    show: (bytes) => new Promise((resolve) => terminal.write(bytes, resolve)),
    onLine: (line) => lines.push(line),
    running: (line) => {
      carriedOut.add(line);
      return { dispose: () => carriedOut.delete(line) };
    },
  });
  const ended = running.run();
  const screen = (): string => {
    const { active } = terminal.buffer;
    const all = Array.from({ length: active.length }, (_, at) => active.getLine(at)?.translateToString(true) ?? '');
    return all.join('\n').trimEnd();
  };
  return {
    running,
    ended,
    clock,
    shell,
    lines,
    carriedOut,
    files,
    type: (text: string) => running.type(new TextEncoder().encode(text)),
    shows: (text: string) => eventually(() => expect(screen()).toBe(text)),
  };
}

describe('a shell in a terminal', () => {
  it('runs lines, keeps them, and says how the last one ended', async () => {
    const { type, shows, lines, ended } = session();
    await shows('strata:/$');
    type('cat notes.txt | grep tw\r');
    await shows('strata:/$ cat notes.txt | grep tw\ntwo\nstrata:/$');
    type('nothing\r');
    await shows(
      'strata:/$ cat notes.txt | grep tw\ntwo\nstrata:/$ nothing\nnothing: command not found\n[127] strata:/$',
    );
    expect(lines).toEqual(['cat notes.txt | grep tw', 'nothing']);
    type('exit\r');
    expect(await ended).toBe(127);
  });

  it('gives lines to a command that reads, which can be mended, and Ctrl-D ends them', async () => {
    const { type, shows, files, carriedOut } = session();
    type('cat > new\r');
    type('helo\x7flo\r');
    await shows('strata:/$ cat > new\nhello');
    expect([...carriedOut]).toEqual(['cat > new']);
    type('world\r\x04');
    await shows('strata:/$ cat > new\nhello\nworld\nstrata:/$');
    expect([...carriedOut]).toEqual([]);
    expect(files.text('/new')).toBe('hello\nworld\n');
  });

  it('gives every key to a command that asks for that', async () => {
    const { type, shows } = session();
    type('keys\r');
    await shows('strata:/$ keys');
    type('\x03\x1b[A');
    await shows('strata:/$ keys\n<3 27 91 65>');
    type('q');
    await shows('strata:/$ keys\n<3 27 91 65>\nstrata:/$');
  });

  it('gives a line that was begun before to a command that asks for keys, whole', async () => {
    const { type, shows } = session();
    // Typed by one who does not wait: the command asks for keys in the middle of it.
    type('late\r');
    type('ab');
    await shows('strata:/$ late\nab');
    type('c');
    begin.resolve();
    await shows('strata:/$ late\nabc\n<97 98 99>');
    type('q');
    await shows('strata:/$ late\nabc\n<97 98 99>\nstrata:/$');
  });

  it('ends a command by Ctrl-C', async () => {
    const { type, shows, shell } = session();
    type('never; echo not this\r');
    await shows('strata:/$ never; echo not this');
    type('\x03');
    await shows('strata:/$ never; echo not this\n^C\n[130] strata:/$');
    expect(shell.code).toBe(130);
  });

  it('leaves a command that does not end by Ctrl-C, with what it still writes', async () => {
    const { type, shows, shell, clock } = session();
    type('deaf\r');
    await shows('strata:/$ deaf');
    type('\x03');
    await shows('strata:/$ deaf\n^C');
    await clock.advance(2000);
    await shows('strata:/$ deaf\n^C\n[130] strata:/$');
    goOn.resolve();
    type('echo next\r');
    await shows('strata:/$ deaf\n^C\n[130] strata:/$ echo next\nnext\nstrata:/$');
    expect([shell.code, clock.pending]).toEqual([0, 0]);
  });

  it('goes on with a line whose quote is open', async () => {
    const { type, shows } = session();
    type("echo 'a\rb'\r");
    await shows("strata:/$ echo 'a\n> b'\na\nb\nstrata:/$");
  });

  it('asks for the lines of a document, of which each is its own', async () => {
    const { type, shows } = session();
    type("cat <<'E'\ra \\\r$HOME\rE\r");
    await shows("strata:/$ cat <<'E'\n> a \\\n> $HOME\n> E\na \\\n$HOME\nstrata:/$");
  });

  it.each([
    ['do\t', 'docker'],
    ['docker stop $(docker ne\t', 'docker stop $(docker network'],
    ['echo "`cat no\t', 'echo "`cat notes.txt'],
    ['docker ne\t', 'docker network'],
    ['docker exec w\to\t', 'docker exec worker'],
    ['docker run --net\t\t', 'docker run --network'],
    ['docker run --network=\t', 'docker run --network=lab'],
    ['docker run --network l\t', 'docker run --network lab'],
    ['docker run -d bu\t', 'docker run -d busybox'],
    ['docker run --pull n\t', 'docker run --pull never'],
    ['cat no\t', 'cat notes.txt'],
    ['echo a | gr\t', 'echo a | grep'],
    ['echo > no\t', 'echo > notes.txt'],
    ['docker run --env-file no\t', 'docker run --env-file notes.txt'],
    ['docker load -i no\t', 'docker load -i notes.txt'],
    ['docker cp no\two\t/tmp', 'docker cp notes.txt worker:/tmp'],
    ['docker run -v da\t/kept', 'docker run -v data:/kept'],
  ])('completes %j', async (typed, line) => {
    const { type, shows } = session();
    type(typed);
    await shows(`strata:/$ ${line}`);
  });

  it('ends with its terminal, and what runs in it', async () => {
    const { type, shows, running, ended } = session();
    type('never\r');
    await shows('strata:/$ never');
    running.dispose();
    await ended;
  });
});
