import type { NicSpec } from '../../api/network';
import type { Scenario, ScenarioInstance } from '../../formats/scenario/scenario';
import type { InstanceRecord } from '../instance-record';
import type { Lab } from '../lab';
import { defaultNetwork } from '../networks';

/** The lab as it is now, as a scenario, and what of it no scenario can say. */
export interface LabScenario {
  readonly scenario: Scenario;
  /** Names of what is left out: instances with files that a text does not hold, containers for which it has no words. */
  readonly left: readonly string[];
}

/** What is made of images, modules and the usual sizes; addresses are kept, states are not. */
export function labScenario(lab: Pick<Lab, 'list' | 'networks'>, name: string): LabScenario {
  const records = lab.list();
  const instances = records.map((record) => ({ record, instance: describe(record) }));
  const kept = instances.flatMap(({ instance }) => (instance ? [instance] : []));
  const scenario: Scenario = {
    name,
    networks: lab.networks().flatMap(({ engineApi: _, ...network }) =>
      // Who may drive the engine is for the user of each lab to say.
      network.name === defaultNetwork.name ? [] : [network],
    ),
    instances: kept,
    containers: [],
    publish: records.flatMap((record) =>
      kept.some((each) => each.name === record.name)
        ? record.ports.map((port) => ({ instance: record.name, port }))
        : [],
    ),
  };
  return { scenario, left: instances.flatMap(({ record, instance }) => (instance ? [] : [record.name])) };
}

function describe({ spec, name, nics, state }: InstanceRecord): ScenarioInstance | undefined {
  const placed = {
    name,
    nics: nics.map(({ network, address }): NicSpec => ({ network, address })),
    ...(state.phase !== 'running' && state.phase !== 'paused' && state.phase !== 'starting' && { start: false }),
  };
  if (spec.kind === 'app') return undefined;
  if (spec.kind === 'unikernel') {
    // A module that a user brought is known by its digest alone, and is nowhere else.
    if (spec.image.startsWith('local/') || (spec.disks ?? []).length > 0) return undefined;
    return {
      kind: 'unikernel',
      ...placed,
      image: spec.image,
      memory: spec.memoryMiB,
      ...(spec.args.length > 0 && { args: spec.args }),
      ...(Object.keys(spec.config).length > 0 && { files: spec.config }),
      ...(spec.onDemand && { idle: spec.onDemand.idleMs }),
    };
  }
  if (spec.firmware) return undefined;
  const disks = (spec.disks ?? []).filter(({ source, volume }) => !source && volume === undefined);
  return {
    kind: 'vm',
    ...placed,
    memory: spec.memoryMiB,
    ...(spec.devices === 'emulated' && { devices: spec.devices }),
    ...(spec.containerHost && { containerHost: true }),
    ...(spec.image
      ? { image: spec.image.reference, ...(spec.image.command.length > 0 && { command: spec.image.command }) }
      : disks.length > 0 && {
          disks: disks.map(({ sizeMiB, format }) => ({ size: sizeMiB, ...(format && { format }) })),
        }),
  };
}
