import { segment } from '../../engine/engine-client';
import { text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { plainFormat } from '../format-usage';
import { parsePlatform } from '../image-name';
import { inspectEach } from '../inspect-each';

export const imageInspect = docker({
  spellings: ['image inspect'],
  summary: 'Display detailed information on one or more images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  completes: ['image'],
  flags: {
    format: text(plainFormat, { short: 'f' }),
    platform: text(
      "Inspect a specific platform of the multi-platform image.\nIf the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    ),
  },
  run({ args, flags }, { engine, io }) {
    const platform = flags.platform === '' ? undefined : JSON.stringify(parsePlatform(flags.platform));
    return inspectEach(io, args, flags.format, (name) =>
      engine.json('GET', `/images/${segment(name)}/json`, { query: { platform } }),
    );
  },
});
