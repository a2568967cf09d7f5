import { segment } from '../../engine/engine-client';
import { bool, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { plainFormat } from '../format-usage';
import { inspectEach } from '../inspect-each';

export const networkInspect = docker({
  spellings: ['network inspect'],
  summary: 'Display detailed information on one or more networks',
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: { min: 1 },
  completes: ['network'],
  flags: {
    format: text(plainFormat, { short: 'f' }),
    verbose: bool('Verbose output for diagnostics', { short: 'v' }),
  },
  run({ args, flags }, { engine, io }) {
    return inspectEach(io, args, flags.format, (name) =>
      engine.json('GET', `/networks/${segment(name)}`, { query: { verbose: flags.verbose } }),
    );
  },
});
