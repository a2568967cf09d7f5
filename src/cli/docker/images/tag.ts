import { segment } from '../../engine/engine-client';
import { docker } from '../docker-context';
import { splitTag } from '../image-name';

export const tag = docker({
  spellings: ['image tag', 'tag'],
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: { min: 2, max: 2 },
  completes: ['image', 'image'],
  flags: {},
  async run({ args: [source = '', target = ''] }, { engine }) {
    const { name, tag } = splitTag(target);
    await engine.done('POST', `/images/${segment(source)}/tag`, { query: { repo: name, tag } });
    return 0;
  },
});
