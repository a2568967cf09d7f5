import type { JsonMessage } from '../../api/engine-api';
import type { Platform } from '../../api/image';
import { SandboxError } from '../../base/errors';
import { emptyRunConfig } from '../../formats/image-config';
import { parseReference, serializeReference } from '../../formats/reference';
import { changedRun } from '../containers/commit-config';
import type { Images } from '../images';
import type { Registries } from '../registries';
import { taggedName } from './image-routes';
import { jsonLines } from './json-lines';
import { LayerLines } from './layer-lines';
import { parsePlatform } from './parse-platform';
import type { Query } from './query';
import { parseRegistryAuth, registryName } from './registry-auth';
import { tar } from './responses';
import type { ApiCall, Route } from './route';

export interface ImageTransferOptions {
  readonly images: Images;
  readonly registries: Registries;
}

/** Images on their way in and out: registries and archives. */
export function imageTransferRoutes(parts: ImageTransferOptions): readonly Route[] {
  const { images } = parts;
  return [
    {
      method: 'POST',
      path: '/images/create',
      handle: (call) => (call.query.text('fromImage') === undefined ? importTar(parts, call) : pull(parts, call)),
    },
    { method: 'POST', path: '/images/load', handle: (call) => load(images, call) },
    { method: 'POST', path: '/images/{name*}/push', handle: (call) => push(parts, call) },
    {
      method: 'GET',
      path: '/images/get',
      handle: async ({ query }) => tar(await images.save(query.texts('names').flatMap(splitNames), 'docker-archive')),
    },
    {
      method: 'GET',
      path: '/images/{name*}/get',
      handle: async ({ params: { name = '' } }) => tar(await images.save([name], 'docker-archive')),
    },
  ];
}

async function pull({ registries }: ImageTransferOptions, { query, request }: ApiCall): Promise<Response> {
  const name = pulledName(query.need('fromImage'), query.text('tag'));
  const platform = platformOf(query);
  await logIn(registries, request, parseReference(name).registry);
  return jsonLines(request.signal, async (write, signal) => {
    const layers = new LayerLines(write, /^Status: /);
    await registries.pull(name, { signal, ...(platform && { platform }), onEvent: (event) => layers.tell(event) });
    await layers.told;
  });
}

async function push({ registries }: ImageTransferOptions, call: ApiCall): Promise<Response> {
  const { params, query, request } = call;
  const { registry, repository } = parseReference(params['name'] ?? '');
  const tag = query.text('tag') ?? 'latest';
  const name = serializeReference({ registry, repository, tag });
  await logIn(registries, request, registry);
  return jsonLines(request.signal, async (write, signal) => {
    const layers = new LayerLines(write, /: digest: sha256:/);
    const Digest = await registries.push(name, { signal, onEvent: (event) => layers.tell(event) });
    await layers.told;
    write({ progressDetail: {}, aux: { Tag: tag, Digest } } satisfies JsonMessage);
  });
}

async function load(images: Images, { request }: ApiCall): Promise<Response> {
  const archive = bodyOf(request);
  return jsonLines(request.signal, async (write, signal) => {
    for (const { id, references } of await images.load(archive, { signal })) {
      for (const name of references) write({ stream: `Loaded image: ${name}\n` } satisfies JsonMessage);
      if (references.length === 0) write({ stream: `Loaded image ID: ${id}\n` } satisfies JsonMessage);
    }
  });
}

/** `docker import`: the body, since nothing is fetched from addresses here. */
async function importTar({ images }: ImageTransferOptions, { query, request }: ApiCall): Promise<Response> {
  if (query.need('fromSrc') !== '-') {
    const message = 'Images are imported from a file: fetch the address yourself, and pipe it in ("docker import -")';
    throw new SandboxError('Unimplemented', message);
  }
  const changes = query.texts('changes').flatMap((text) => text.split('\n'));
  const repo = query.text('repo');
  const reference = repo === undefined ? undefined : taggedName(repo, query.text('tag'));
  const platform = platformOf(query);
  const message = query.text('message');
  const options = {
    ...(reference !== undefined && { reference }),
    ...(platform && { platform }),
    ...(message !== undefined && { message }),
    ...(changes.length > 0 && { run: changedRun(emptyRunConfig, changes) }),
  };
  return jsonLines(request.signal, async (write, signal) => {
    const { id } = await images.import(bodyOf(request), options, { signal });
    write({ status: id } satisfies JsonMessage);
  });
}

async function logIn(registries: Registries, request: Request, registry: string): Promise<void> {
  const auth = parseRegistryAuth(request.headers.get('x-registry-auth'));
  if (!auth) return;
  // What is meant for another registry is not told to this one.
  if (auth.server !== undefined && registryName(auth.server) !== registry) return;
  await registries.login(registry, auth.credentials, { signal: request.signal });
}

function pulledName(image: string, tag: string | undefined): string {
  if (tag === undefined) return image;
  const { registry, repository } = parseReference(image);
  const separator = tag.startsWith('sha256:') ? '@' : ':';
  return `${registry}/${repository}${separator}${tag}`;
}

function platformOf(query: Query): Platform | undefined {
  const platform = query.text('platform');
  return platform === undefined ? undefined : parsePlatform(platform);
}

function bodyOf(request: Request): ReadableStream<Uint8Array> {
  return request.body ?? new Blob([]).stream();
}

/** Clients give names one by one; old ones join them by commas. */
function splitNames(text: string): readonly string[] {
  return text.split(',').filter((name) => name !== '');
}
