import { segment } from '../../engine/engine-client';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { plainFormat } from '../format-usage';
import { inspectEach } from '../inspect-each';

export const containerInspect = docker({
  spellings: ['container inspect'],
  summary: 'Display detailed information on one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: ['container'],
  flags: {
    format: text(plainFormat, { short: 'f' }),
    size: bool('Display total file sizes', { short: 's' }),
  },
  run({ args, flags }, { engine, io }) {
    return inspectEach(io, args, flags.format, (name) =>
      engine.json('GET', `/containers/${segment(name)}/json`, { query: { size: flags.size } }),
    );
  },
});
