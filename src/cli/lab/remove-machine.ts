import { isContainerHost } from '../../engine/host-draft';
import { assertNothingPlaced, placedOn } from '../../engine/placed-on';
import { eachNamed } from '../docker/each-named';
import { findInstance, labCommand } from './lab-context';

/** `vm rm`. A host is a machine, too: what it has is not taken with it unasked. */
export const removeMachineCommand = labCommand({
  spellings: ['rm', 'remove'],
  summary: 'Remove one or more machines, a container host only when nothing is on it',
  usage: 'VM [VM...]',
  args: { min: 1 },
  completes: ['instance'],
  flags: {},
  run({ args }, context) {
    const { lab } = context;
    return eachNamed(context.io, args, async (given) => {
      const { id, name, spec } = findInstance(context, 'vm', given);
      if (isContainerHost(spec)) assertNothingPlaced(await placedOn(lab, name), name);
      await lab.remove(id).finished;
      return given;
    });
  },
});
