import type { Lab } from '../../engine/lab';
import { placedOn } from '../../engine/placed-on';
import { containerText } from '../text/containers';

/** What goes with a container host that is removed, for people; undefined where nothing does. */
export async function goesWithHost(lab: Pick<Lab, 'containers'>, host: string): Promise<string | undefined> {
  const { containers, volumes } = await placedOn(lab, host);
  const names = [...containers.map(({ name }) => name), ...volumes.map(containerText.volumeOf)];
  return names.length === 0 ? undefined : containerText.goWithHost(names);
}
