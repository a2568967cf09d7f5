import { segment } from '../../engine/engine-client';
import { text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { plainFormat } from '../format-usage';
import { inspectEach } from '../inspect-each';

export const volumeInspect = docker({
  spellings: ['volume inspect'],
  summary: 'Display detailed information on one or more volumes',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  completes: ['volume'],
  flags: {
    format: text(plainFormat, { short: 'f' }),
  },
  run({ args, flags }, { engine, io }) {
    return inspectEach(io, args, flags.format, (name) => engine.json('GET', `/volumes/${segment(name)}`));
  },
});
