import type { EngineContainers } from '../../api/container-engine';
import type { ContainerPathStat } from '../../api/container-host';
import { goFileMode } from '../../formats/go-file-mode';
import { empty, json, tar } from './responses';
import type { Route } from './route';

const changeKinds = { modified: 0, added: 1, deleted: 2 } as const;

/** What containers have on their disks. */
export function containerFileRoutes(containers: EngineContainers): readonly Route[] {
  return [
    {
      method: 'HEAD',
      path: '/containers/{id}/archive',
      async handle({ params: { id = '' }, query }) {
        const response = empty(200);
        response.headers.set(statHeader, serializeStat(await containers.statPath(id, query.need('path'))));
        return response;
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/archive',
      async handle({ params: { id = '' }, query }) {
        const copied = await containers.copyOut(id, query.need('path'));
        const response = tar(copied.tar);
        response.headers.set(statHeader, serializeStat(copied.stat));
        return response;
      },
    },
    {
      method: 'PUT',
      path: '/containers/{id}/archive',
      async handle({ params: { id = '' }, query, request }) {
        await containers.copyIn(id, query.need('path'), request.body ?? new Blob([]).stream(), {
          noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
          copyUidGid: query.flag('copyUIDGID'),
        });
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/export',
      async handle({ params: { id = '' } }) {
        const response = tar(await containers.export(id));
        response.headers.set('content-type', 'application/octet-stream');
        return response;
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/changes',
      async handle({ params: { id = '' } }) {
        const changes = await containers.changes(id);
        return json(changes.map(({ path, kind }) => ({ Path: path, Kind: changeKinds[kind] })));
      },
    },
  ];
}

const statHeader = 'x-docker-container-path-stat';

/** JSON in base64, with the mode as Go has it. */
function serializeStat(stat: ContainerPathStat): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ ...stat, mode: goFileMode(stat.mode) }));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
