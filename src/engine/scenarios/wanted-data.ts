import type { Scenario, ScenarioContainer } from '../../formats/scenario/scenario';
import { sharedTag } from '../../runtime/container/host-paths';

/** A folder of the lab, and who would get what is in it. */
export interface WantedFolder {
  readonly folder: string;
  readonly by: string;
}

/** Folders of the lab that a scenario's machines and containers would see. */
export function wantedFolders({ instances, containers }: Scenario): readonly WantedFolder[] {
  return [
    ...instances.flatMap((each) => {
      if (each.kind !== 'vm') return [];
      // Every host has the shared folder, and commands that run there by themselves see it.
      const asHost = each.containerHost && each.setup !== undefined ? [sharedTag] : [];
      const folders = new Set([...asHost, ...(each.shares ?? []).map(({ folder }) => folder)]);
      return [...folders].map((folder) => ({ folder, by: each.name }));
    }),
    ...containers.flatMap((each) => (sources(each).some(isShared) ? [{ folder: sharedTag, by: each.name }] : [])),
  ];
}

/** Volumes of containers that a scenario would have, whether it says more of them or not. */
export function wantedVolumes({ volumes = [], containers }: Scenario): ReadonlySet<string> {
  return new Set([
    ...volumes.flatMap((each) => (each.of ? [each.name] : [])),
    ...containers.flatMap((each) => sources(each).filter((source) => !isShared(source))),
  ]);
}

/** `SOURCE:TARGET`; a target alone is a volume without a name. */
function sources({ volumes = [] }: ScenarioContainer): readonly string[] {
  return volumes.flatMap((each) => (each.includes(':') ? [each.split(':')[0] ?? ''] : []));
}

/** All that is bound is in the shared folder, with its name in front or without. */
function isShared(source: string): boolean {
  return source.startsWith('/');
}
