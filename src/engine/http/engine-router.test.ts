import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openImageApi, smallRoot } from './image-api-fixture';

let api: Awaited<ReturnType<typeof openImageApi>>;

beforeAll(async () => {
  api = await openImageApi();
});
afterAll(() => api.close());

async function lines(response: Response): Promise<readonly Record<string, unknown>[]> {
  const text = (await response.text()).trim();
  return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function importImage(query: string, text = 'hello'): Promise<string> {
  const body = await smallRoot(text);
  const response = await api.request('POST', `/images/create?fromSrc=-&${query}`, { body });
  expect(response.status).toBe(200);
  const [{ status } = {}] = await lines(response);
  return status as string;
}

test.each([
  ['GET', '/nothing', 404, 'page not found'],
  ['PATCH', '/images/json', 404, 'page not found'],
  [
    'GET',
    '/v1.40/images/json',
    400,
    'client version 1.40 is too old. Minimum supported API version is 1.41, please upgrade your client to a newer version',
  ],
  ['GET', '/v1.99/images/json', 400, 'client version 1.99 is too new. Maximum supported API version is 1.47'],
  ['GET', '/images/json?filters=x', 400, 'invalid filter: x is no JSON object of lists'],
  ['GET', '/images/json?filters={"color":["red"]}', 400, "invalid filter 'color'"],
  ['GET', '/images/json?filters={"dangling":["maybe"]}', 400, 'invalid filter \'dangling=["maybe"]\''],
  ['GET', '/images/json?filters={"before":["none"]}', 404, 'No such image: none'],
  ['GET', '/images/none/json', 404, 'No such image: none:latest'],
  ['GET', '/images/none/history', 404, 'No such image: none:latest'],
  ['GET', '/images/None/json', 400, 'Invalid reference format: repository name (library/None) must be lowercase'],
  ['GET', '/images/none/get', 404, 'No such image: none:latest'],
  ['DELETE', '/images/none', 404, 'No such image: none:latest'],
  ['POST', '/images/none/tag?repo=a', 404, 'No such image: none:latest'],
  ['POST', '/images/none/tag', 400, 'missing parameter: repo'],
  ['POST', '/images/create', 400, 'missing parameter: fromSrc'],
  [
    'POST',
    '/images/create?fromImage=UPPER',
    400,
    'Invalid reference format: repository name (library/UPPER) must be lowercase',
  ],
  ['POST', '/images/create?fromImage=a&platform=linux', 400, '"linux" is no platform: linux/386 is one'],
  ['POST', '/images/none/push?tag=1', 404, 'No such image: none:1'],
  [
    'POST',
    '/images/create?fromSrc=http%3A%2F%2Fexample.com',
    501,
    'Images are imported from a file: fetch the address yourself, and pipe it in ("docker import -")',
  ],
])('%s %s is %i', async (method, path, status, message) => {
  const response = await api.request(method, path);
  expect({ status: response.status, body: await response.json() }).toEqual({ status, body: { message } });
  expect(response.headers.get('content-type')).toBe('application/json');
});

test('every answer says who gives it', async () => {
  for (const path of ['/images/json', '/nothing']) {
    const { headers } = await api.request('GET', path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'api-version': '1.47',
      ostype: 'linux',
      server: 'Strata/0 (linux)',
    });
  }
});

test('HEAD is GET without a body', async () => {
  const response = await api.request('HEAD', '/images/json');
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'application/json',
    '',
  ]);
});

interface Listed {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly VirtualSize?: number;
}

async function list(query = '', version = ''): Promise<readonly Listed[]> {
  const response = await api.request('GET', `${version}/images/json${query}`);
  return (await response.json()) as readonly Listed[];
}

const filter = (filters: object): string => `?filters=${encodeURIComponent(JSON.stringify(filters))}`;

beforeEach(async () => {
  for (const { Id } of await list()) await api.request('DELETE', `/images/${Id}?force=1`);
});

test('an image is imported, named, listed and removed', async () => {
  const id = await importImage('repo=notes&tag=1&message=first');
  expect(await list()).toMatchObject([{ Id: id, RepoTags: ['notes:1'], RepoDigests: [`notes@${id}`] }]);
  expect((await api.request('POST', '/images/notes:1/tag?repo=localhost:5000/team/notes&tag=2')).status).toBe(201);
  const inspected = (await (await api.request('GET', '/images/localhost:5000/team/notes:2/json')).json()) as object;
  expect(inspected).toMatchObject({ Id: id, Os: 'linux', Comment: 'first' });
  const history = await (await api.request('GET', '/images/notes:1/history')).json();
  expect(history).toMatchObject([{ Id: id, Tags: ['notes:1', 'localhost:5000/team/notes:2'], Comment: 'first' }]);
  const removed = await (await api.request('DELETE', '/images/notes:1')).json();
  expect(removed).toEqual([{ Untagged: 'notes:1' }]);
  const rest = (await (await api.request('DELETE', '/images/localhost:5000/team/notes:2')).json()) as readonly object[];
  expect(rest).toContainEqual({ Untagged: 'localhost:5000/team/notes:2' });
  expect(rest).toContainEqual({ Deleted: id });
  expect(await list()).toEqual([]);
});

test('a list is narrowed by filters', async () => {
  await importImage('repo=team/web&tag=1', 'web');
  await importImage('repo=team/db&tag=2', 'db');
  await importImage('', 'nameless');
  const tags = async (filters: object): Promise<readonly string[]> =>
    (await list(filter(filters))).flatMap(({ RepoTags }) => RepoTags).sort();
  expect(await tags({ reference: ['team/*'] })).toEqual(['team/db:2', 'team/web:1']);
  expect(await tags({ reference: { 'team/w?b:1': true } })).toEqual(['team/web:1']);
  expect(await tags({ reference: ['team'] })).toEqual([]);
  expect(await tags({ dangling: ['false'] })).toEqual(['team/db:2', 'team/web:1']);
  expect(await list(filter({ dangling: ['true'] }))).toMatchObject([{ RepoTags: [] }]);
  expect(await tags({ label: ['tier'] })).toEqual([]);
  expect(await tags({ until: ['24h'] })).toEqual([]);
  const pruned = (await (await api.request('POST', '/images/prune')).json()) as { ImagesDeleted: readonly object[] };
  expect(pruned.ImagesDeleted.length).toBeGreaterThan(0);
  expect(await list(filter({ dangling: ['true'] }))).toEqual([]);
});

test('images are pruned by age and label', async () => {
  await importImage('repo=kept&tag=1&changes=LABEL%20keep%3Dyes', 'kept');
  await importImage('repo=other&tag=1', 'other');
  const prune = async (filters: object): Promise<readonly string[]> => {
    const response = await api.request('POST', `/images/prune${filter({ dangling: ['false'], ...filters })}`);
    const { ImagesDeleted } = (await response.json()) as { ImagesDeleted: readonly { readonly Untagged?: string }[] };
    return ImagesDeleted.flatMap(({ Untagged }) => Untagged ?? []);
  };
  expect(await prune({ until: ['24h'] })).toEqual([]);
  expect(await prune({ label: ['keep=no'] })).toEqual([]);
  expect(await prune({ 'label!': ['keep'], until: { [String(Date.now() / 1000 + 60)]: true } })).toEqual(['other:1']);
  expect(await prune({ label: ['keep=yes'] })).toEqual(['kept:1']);
  expect((await api.request('POST', `/images/prune${filter({ color: ['red'] })}`)).status).toBe(400);
});

test('an image that is imported has what the changes say', async () => {
  const changes = ['CMD ["sh", "-c", "x"]', 'ENV A=1 B="2 3"\nEXPOSE 80'].map(
    (each) => `&changes=${encodeURIComponent(each)}`,
  );
  const id = await importImage(`repo=changed${changes.join('')}`);
  const { Config } = (await (await api.request('GET', `/images/${id}/json`)).json()) as { readonly Config: object };
  expect(Config).toMatchObject({ Cmd: ['sh', '-c', 'x'], Env: ['A=1', 'B=2 3'], ExposedPorts: { '80/tcp': {} } });
  const refused = await api.request('POST', '/images/create?fromSrc=-&changes=RUN%20x', { body: await smallRoot('') });
  expect(await refused.json()).toEqual({ message: 'run is not a valid change command' });
});

test('what is saved is loaded again', async () => {
  const id = await importImage('repo=notes&tag=1');
  const saved = await api.request('GET', '/images/get?names=notes:1');
  expect(saved.headers.get('content-type')).toBe('application/x-tar');
  const archive = await saved.arrayBuffer();
  await api.request('DELETE', '/images/notes:1');
  const loaded = await api.request('POST', '/images/load', { body: archive });
  expect(await lines(loaded)).toEqual([{ stream: 'Loaded image: notes:1\n' }]);
  expect(await list()).toMatchObject([{ Id: id, RepoTags: ['notes:1'] }]);
});

test('old clients hear of sizes as they know them', async () => {
  await importImage('repo=notes');
  const [old] = await list('', '/v1.43');
  const [current] = await list('', '/v1.44');
  expect(old?.VirtualSize).toBeGreaterThan(0);
  expect(current).not.toHaveProperty('VirtualSize');
});

test('clients up to 1.44 read of an image what a builder left of its container', async () => {
  const id = await importImage('repo=notes');
  const inspect = async (version: string) => (await api.request('GET', `/${version}/images/${id}/json`)).json();
  expect(await inspect('v1.44')).toMatchObject({ Container: '', ContainerConfig: { Cmd: null, Labels: {} } });
  expect(await inspect('v1.45')).not.toHaveProperty('ContainerConfig');
});
