import { Document, isCollection } from 'yaml';
import { scenarioVersion } from './read-scenario';
import type { Scenario } from './scenario';

/** The text of a scenario, as a person would write it; what is empty or usual is left out. */
export function serializeScenario({ networks, instances, containers, publish, ...head }: Scenario): string {
  const { name, description, volumes = [], layout = {}, notes } = head;
  const document = {
    strata: scenarioVersion,
    name,
    ...(description !== undefined && { description }),
    ...(networks.length > 0 && {
      networks: networks.map(({ mtu, ...rest }) => ({ ...rest, ...(mtu !== 1500 && { mtu }) })),
    }),
    ...(volumes.length > 0 && { volumes }),
    ...(instances.length > 0 && { instances }),
    ...(containers.length > 0 && { containers }),
    ...(publish.length > 0 && { publish }),
    ...(Object.keys(layout).length > 0 && { layout }),
    ...(notes !== undefined && { notes }),
  };
  const written = new Document(document, { aliasDuplicateObjects: false });
  // A place is one line.
  for (const place of Object.keys(layout)) {
    const point = written.getIn(['layout', place], true);
    if (isCollection(point)) point.flow = true;
  }
  return written.toString({ lineWidth: 100 });
}
