import type { Filters } from '../../api/container-event';
import type { Digest } from '../../api/content-store';
import type { RemovalReport } from '../../api/image-summary';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { parseReference, serializeReference } from '../../formats/reference';
import type { Images } from '../images';
import { checkFilters, flagFilter, parseFilters } from './filters';
import { listImages } from './image-list';
import { empty, json } from './responses';
import type { ApiCall, Route } from './route';
import { plainConfig } from './show-configs';

export interface ImageRoutesOptions {
  readonly images: Images;
  readonly clock: Clock;
}

/** What is asked of images that are here. Those that move are in `image-transfer-routes.ts`. */
export function imageRoutes({ images, clock }: ImageRoutesOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/images/json',
      async handle({ query, minor }) {
        const options = {
          filters: parseFilters(query.text('filters')),
          sharedSize: query.flag('shared-size'),
          virtualSize: minor < 44,
          nowMs: clock.now(),
        };
        return json(await listImages(images, options));
      },
    },
    {
      method: 'GET',
      path: '/images/search',
      async handle() {
        const message =
          'There is no index to search here: "docker pull" knows the images of the page\'s own registry, docs/ENGINE.md lists them';
        throw new SandboxError('Unimplemented', message);
      },
    },
    { method: 'GET', path: '/images/{name*}/json', handle: (call) => inspect(images, call) },
    { method: 'GET', path: '/images/{name*}/history', handle: (call) => history(images, call) },
    {
      method: 'POST',
      path: '/images/prune',
      async handle({ query }) {
        const filters = parseFilters(query.text('filters'));
        checkFilters(filters, ['dangling', 'label', 'label!', 'until']);
        const { dangling: _, ...others } = filters;
        const only = Object.keys(others).length > 0 ? await idsOf(images, others, clock.now()) : undefined;
        const all = flagFilter(filters, 'dangling') === false;
        const report = await images.prune({ all, ...(only && { only }) });
        return json({ ImagesDeleted: removedLines(report), SpaceReclaimed: report.reclaimed });
      },
    },
    {
      method: 'POST',
      path: '/images/{name*}/tag',
      async handle({ params: { name = '' }, query }) {
        await images.tag(name, taggedName(query.need('repo'), query.text('tag')));
        return empty(201);
      },
    },
    {
      method: 'DELETE',
      path: '/images/{name*}',
      async handle({ params: { name = '' }, query }) {
        return json(removedLines(await images.remove(name, { force: query.flag('force') })));
      },
    },
  ];
}

async function inspect(images: Images, { params: { name = '' }, minor }: ApiCall): Promise<Response> {
  const image = await images.inspect(name);
  return json({
    ...image,
    ...(minor < 44 && { VirtualSize: image.Size }),
    // What a builder once left of its last container: old clients read it, and there is none.
    ...(minor < 45 && { Container: '', ContainerConfig: plainConfig }),
  });
}

async function history(images: Images, { params: { name = '' } }: ApiCall): Promise<Response> {
  const lines = await images.history(name);
  return json(
    lines.map(({ id, created, createdBy, comment, size, references }) => ({
      Id: id ?? '<missing>',
      Created: created === undefined ? 0 : Math.floor(Date.parse(created) / 1000),
      CreatedBy: createdBy,
      Tags: references.length > 0 ? references : null,
      Size: size,
      Comment: comment,
    })),
  );
}

/** Which images filters let through. */
async function idsOf(images: Images, filters: Filters, nowMs: number): Promise<readonly Digest[]> {
  const listed = await listImages(images, { filters, sharedSize: false, virtualSize: false, nowMs });
  return listed.map(({ Id }) => Id as Digest);
}

function removedLines({ removed }: RemovalReport) {
  return removed.map((each) => ('untagged' in each ? { Untagged: each.untagged } : { Deleted: each.deleted }));
}

/** The name of `repo=web&tag=2`. `InvalidArgument` in docker's words. */
export function taggedName(repo: string, tag: string | undefined): string {
  const { registry, repository } = parseReference(repo);
  if (parseReference(repo).digest !== undefined) {
    throw new SandboxError('InvalidArgument', 'refusing to create a tag with a digest reference');
  }
  return tag === undefined ? repo : serializeReference(parseReference(`${registry}/${repository}:${tag}`));
}
