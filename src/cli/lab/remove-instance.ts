import type { InstancePhase } from '../../api/instance';
import { SandboxError } from '../../base/errors';
import { isContainerHost } from '../../engine/host-draft';
import type { InstanceRecord } from '../../engine/instance-record';
import { assertNothingPlaced, placedOn } from '../../engine/placed-on';
import { eachNamed } from '../docker/each-named';
import { bool } from '../grammar/flag';
import { findInstance, type InstanceKind, type LabCommand, labCommand } from './lab-context';

const idle: ReadonlySet<InstancePhase> = new Set(['created', 'stopped', 'failed']);

/** `rm` of one kind of instances: what runs is only taken by force, as docker does it. */
export function removeCommand(kind: Exclude<InstanceKind, 'host'>, summary: string): LabCommand {
  const upper = kind.toUpperCase();
  return labCommand({
    spellings: ['rm', 'remove'],
    summary,
    usage: `[OPTIONS] ${upper} [${upper}...]`,
    args: { min: 1 },
    completes: ['instance'],
    flags: { force: bool(`Force the removal of a running ${kind}`, { short: 'f' }) },
    run({ args, flags }, context) {
      const { lab } = context;
      return eachNamed(context.io, args, async (given) => {
        const instance = findInstance(context, kind, given);
        const { id, name, spec } = instance;
        // A container host is a machine, too: what is on it is not taken with it unasked.
        if (isContainerHost(spec)) assertNothingPlaced(await placedOn(lab, name), name);
        if (!flags.force) assertIdle(kind, instance);
        await lab.remove(id).finished;
        return given;
      });
    },
  });
}

/** `FailedPrecondition` for what runs, in the words that docker has for containers. */
function assertIdle(kind: string, { name, state: { phase } }: InstanceRecord): void {
  if (idle.has(phase)) return;
  const message = `cannot remove ${kind} "${name}": ${kind} is ${phase}: stop the ${kind} before removing or force remove`;
  throw new SandboxError('FailedPrecondition', message);
}
