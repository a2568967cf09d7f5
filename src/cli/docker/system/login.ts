import { bool, text } from '../../grammar/flag';
import { readLine } from '../confirm';
import { docker } from '../docker-context';
import { indexServer } from '../registry-auth';

export const login = docker({
  spellings: ['login'],
  summary: 'Authenticate to a registry',
  description: 'Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.',
  usage: '[OPTIONS] [SERVER]',
  args: { min: 0, max: 1 },
  completes: ['none'],
  flags: {
    password: text('Password or Personal Access Token (PAT)', { short: 'p' }),
    'password-stdin': bool('Take the Password or Personal Access Token (PAT) from stdin'),
    username: text('Username', { short: 'u' }),
  },
  async run({ args: [server = 'docker.io'], flags }, { engine, io, credentials }) {
    if (flags['password-stdin'] && flags.password !== '') {
      throw new Error('conflicting options: cannot specify both --password and --password-stdin');
    }
    if (flags['password-stdin'] && flags.username === '') {
      throw new Error('the --password-stdin option requires --username to be set');
    }
    let { username, password } = flags;
    if (password !== '') {
      await io.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    }
    if (flags['password-stdin']) password = (await new Response(io.stdin).text()).replace(/\r?\n$/, '');
    else {
      if ((username === '' || password === '') && !io.terminal) {
        throw new Error('Error: Cannot perform an interactive login from a non TTY device');
      }
      if (username === '') username = await ask(io, 'Username: ');
      if (username === '') throw new Error('username is required');
      if (password === '') password = await ask(io, 'Password: ', true);
      if (password === '') throw new Error('password is required');
    }
    const registry = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    const serveraddress = registry === 'docker.io' ? indexServer : registry;
    const answer = await engine.json<{ readonly Status?: string }>('POST', '/auth', {
      json: { username, password, serveraddress },
    });
    credentials.set(registry, { username, password });
    if (answer.Status) await io.stdout.write(`${answer.Status}\n`);
    return 0;
  },
});

type Io = Parameters<typeof readLine>[0];

/** A secret is typed without being shown, and without the line's own editing. */
async function ask(io: Io, prompt: string, secret = false): Promise<string> {
  await io.stdout.write(prompt);
  const raw = secret ? io.terminal?.raw() : undefined;
  try {
    if (!raw) return await readLine(io);
    let typed = '';
    const reader = io.stdin.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      typed += new TextDecoder().decode(value);
      if (typed.includes('\x03')) throw new Error('canceled');
      if (/[\r\n]/.test(typed)) break;
    }
    reader.releaseLock();
    await io.stdout.write('\r\n');
    return (typed.split(/[\r\n]/, 1)[0] ?? '').replace(/[^\x7f]\x7f/g, '');
  } finally {
    raw?.dispose();
  }
}
