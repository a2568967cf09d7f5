import type { ContainerConfig } from '../../api/container';
import type { EngineContainers } from '../../api/container-engine';
import { readBody } from './body-shape';
import { containerConfigShape } from './container-shapes';
import { taggedName } from './image-routes';
import { json } from './responses';
import type { Route } from './route';

/** Images of containers. */
export function commitRoutes(containers: EngineContainers): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/commit',
      async handle({ query, request }) {
        const config = await readBody<Partial<ContainerConfig>>(request, containerConfigShape);
        const [repo, message, author] = [query.text('repo'), query.text('comment'), query.text('author')];
        const options = {
          pause: query.flag('pause', true),
          changes: query.texts('changes').flatMap((text) => text.split('\n')),
          ...(repo !== undefined && { reference: taggedName(repo, query.text('tag')) }),
          ...(message !== undefined && { message }),
          ...(author !== undefined && { author }),
          ...(Object.keys(config).length > 0 && { config: { Image: '', ...config } }),
        };
        return json(await containers.commit(query.need('container'), options, { signal: request.signal }), 201);
      },
    },
  ];
}
