import type { ShellProgram } from '../shell';

const clear: ShellProgram = {
  name: 'clear',
  summary: 'Clear the screen',
  async run(_, io) {
    await io.stdout.write('\x1b[H\x1b[2J\x1b[3J');
    return 0;
  },
};

const history: ShellProgram = {
  name: 'history',
  summary: 'List the lines that were entered: history [-c]',
  async run([flag], io, shell) {
    if (flag === '-c') {
      shell.history.length = 0;
      return 0;
    }
    await io.stdout.write(shell.history.map((line, at) => `${String(at + 1).padStart(5)}  ${line}\n`).join(''));
    return 0;
  },
};

const help: ShellProgram = {
  name: 'help',
  summary: 'List the commands of this shell',
  async run(_, io, shell) {
    const programs = [...shell.programs.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const lines = programs.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}\n`);
    await io.stdout.write(
      `Commands can be joined by |, ;, && and ||, and read and write files with <, > and >>; what a command prints is\nput in a line by $(…), and lines of input by <<END.\n\n${lines.join('')}`,
    );
    return 0;
  },
};

const env: ShellProgram = {
  name: 'env',
  summary: 'List the variables',
  async run(_, io) {
    const lines = Object.entries(io.variables)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}\n`);
    await io.stdout.write(lines.join(''));
    return 0;
  },
};

const exportBuiltin: ShellProgram = {
  name: 'export',
  summary: 'Set variables: export NAME=VALUE…',
  async run(words, io, shell) {
    for (const word of words) {
      const found = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(word);
      if (!found) {
        await io.stderr.write(`export: ${word}: not a valid identifier\n`);
        return 1;
      }
      if (found[2] !== undefined) shell.variables.set(found[1] ?? '', found[2]);
    }
    return words.length > 0 ? 0 : env.run([], io, shell);
  },
};

const unset: ShellProgram = {
  name: 'unset',
  summary: 'Forget variables: unset NAME…',
  async run(words, _, shell) {
    for (const word of words) shell.variables.delete(word);
    return 0;
  },
};

const yes: ShellProgram = {
  name: 'true',
  summary: 'Do nothing, well',
  run: async () => 0,
};

const no: ShellProgram = {
  name: 'false',
  summary: 'Do nothing, and fail',
  run: async () => 1,
};

export const shellBuiltins: readonly ShellProgram[] = [clear, history, help, env, exportBuiltin, unset, yes, no];
