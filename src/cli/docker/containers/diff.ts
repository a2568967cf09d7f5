import { segment } from '../../engine/engine-client';
import { docker } from '../docker-context';

interface Change {
  readonly Kind: number;
  readonly Path: string;
}

/** Changed, added, deleted. */
const letters = ['C', 'A', 'D'];

export const diff = docker({
  spellings: ['container diff', 'diff'],
  summary: "Inspect changes to files or directories on a container's filesystem",
  usage: 'CONTAINER',
  args: { min: 1, max: 1 },
  completes: ['container'],
  flags: {},
  async run({ args: [name = ''] }, { engine, io }) {
    const changes = await engine.json<readonly Change[] | null>('GET', `/containers/${segment(name)}/changes`);
    await io.stdout.write((changes ?? []).map(({ Kind, Path }) => `${letters[Kind] ?? '?'} ${Path}\n`).join(''));
    return 0;
  },
});
