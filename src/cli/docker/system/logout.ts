import { docker } from '../docker-context';

export const logout = docker({
  spellings: ['logout'],
  summary: 'Log out from a registry',
  description: 'Log out from a registry.\nIf no server is specified, the default is defined by the daemon.',
  usage: '[SERVER]',
  args: { min: 0, max: 1 },
  completes: ['none'],
  flags: {},
  async run({ args: [server = 'docker.io'] }, { io, credentials }) {
    const registry = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    if (!credentials.delete(registry)) {
      await io.stdout.write(`Not logged in to ${registry}\n`);
      return 0;
    }
    await io.stdout.write(`Removing login credentials for ${registry}\n`);
    return 0;
  },
});
