import { SandboxError } from '../../../base/errors';
import { segment } from '../../engine/engine-client';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { plainFormat } from '../format-usage';
import { inspectEach } from '../inspect-each';

/** Where each kind of thing is found, in the order in which a name is looked for. */
const paths = {
  container: (name: string) => `/containers/${name}/json`,
  image: (name: string) => `/images/${name}/json`,
  network: (name: string) => `/networks/${name}`,
  volume: (name: string) => `/volumes/${name}`,
} as const;

type Kind = keyof typeof paths;
const kinds: readonly Kind[] = ['container', 'image', 'network', 'volume'];

export const inspect = docker({
  spellings: ['inspect'],
  summary: 'Return low-level information on Docker objects',
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  args: { min: 1 },
  completes: ['container'],
  flags: {
    format: text(plainFormat, { short: 'f' }),
    size: bool('Display total file sizes if the type is container', { short: 's' }),
    type: text('Only inspect objects of the given type', { completes: kinds }),
  },
  run({ args, flags }, { engine, io }) {
    const wanted = kinds.filter((kind) => flags.type === '' || kind === flags.type);
    if (wanted.length === 0) throw new Error(`unknown type: "${flags.type}"`);
    return inspectEach(io, args, flags.format, async (name) => {
      for (const kind of wanted) {
        try {
          const query = { size: kind === 'container' && flags.size };
          return await engine.json('GET', paths[kind](segment(name)), { query });
        } catch (error) {
          if (flags.type !== '' || !(error instanceof SandboxError) || error.code !== 'NotFound') throw error;
        }
      }
      throw new SandboxError('NotFound', `Error: No such object: ${name}`);
    });
  },
});
