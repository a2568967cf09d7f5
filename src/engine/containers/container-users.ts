import type { ImageUser } from '../../api/image-summary';
import type { RecordStore } from '../../api/records';
import { listContainerRecords, type StoredContainer } from './container-records';

/** What an image is told of a container that was made of it. */
export function containerUser({ id, name, image }: StoredContainer): ImageUser {
  return { id: `container-${id}`, name: `container ${name}`, image: image.digest };
}

/** The same of all containers that are stored; for when the engine is not there yet. */
export async function containerUsers(records: RecordStore): Promise<readonly ImageUser[]> {
  return (await listContainerRecords(records, 'containers')).map(containerUser);
}
