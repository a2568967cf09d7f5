import { stringify } from 'yaml';
import { scenarioVersion } from './read-scenario';
import type { Scenario } from './scenario';

/** The text of a scenario, as a person would write it; what is empty or usual is left out. */
export function serializeScenario({ networks, instances, containers, publish, ...head }: Scenario): string {
  const { name, description, notes } = head;
  const document = {
    strata: scenarioVersion,
    name,
    ...(description !== undefined && { description }),
    ...(networks.length > 0 && {
      networks: networks.map(({ mtu, ...rest }) => ({ ...rest, ...(mtu !== 1500 && { mtu }) })),
    }),
    ...(instances.length > 0 && { instances }),
    ...(containers.length > 0 && { containers }),
    ...(publish.length > 0 && { publish }),
    ...(notes !== undefined && { notes }),
  };
  return stringify(document, { lineWidth: 100, aliasDuplicateObjects: false });
}
