import { expect, it } from 'vitest';
import type { ContainerCreateBody } from '../../api/container';
import { createStores } from '../stores-fixture';
import { logDetails } from './log-attributes';
import { outputChunks } from './log-text';
import { openOneHostEngine } from './one-host-fixture';

async function create(Config: Readonly<Record<string, string>>, more: Partial<ContainerCreateBody> = {}) {
  const stores = await createStores();
  const engine = await openOneHostEngine(stores);
  const HostConfig = { LogConfig: { Type: 'json-file', Config } };
  const { Id } = await engine.containers.create({ Image: 'busybox', ...more, HostConfig }, { name: 'web' });
  const [record] = await stores.records.list('containers');
  return { id: Id, details: logDetails(record?.value as never) };
}

const more = { Labels: { a: '1', 'b c': 'd(e) & f', other: 'x' }, Env: ['B=2', 'BEE=3', 'C=no'] };

it.each([
  [{}, ' '],
  [{ labels: 'a', env: 'B', tag: 'x' }, 'B=2,a=1,tag=x '],
  [{ labels: 'b c,none' }, 'b+c=d%28e%29+%26+f '],
  [{ 'env-regex': '^B', 'labels-regex': '^o' }, 'B=2,BEE=3,other=x '],
  [{ tag: '{{.Name}}/{{ .ImageName }}' }, 'tag=web%2Fbusybox '],
])('with the options %j a line has %j in front of it', async (options, details) => {
  expect((await create(options, more)).details).toBe(details);
});

it('has the id of its container in short and whole', async () => {
  const { id, details } = await create({ tag: '{{.ID}}-{{.FullID}}' });
  expect(details).toBe(`tag=${id.slice(0, 12)}-${id} `);
});

it.each([
  [{ tag: '{{.Nothing}}' }, "can't evaluate field Nothing"],
  [{ tag: '{{toString}}' }, 'only fields can be named here'],
  [{ tag: '{{.constructor}}' }, "can't evaluate field constructor"],
  [{ 'env-regex': '(' }, 'error parsing regexp: ('],
])('the options %j are refused', async (options, message) => {
  await expect(create(options)).rejects.toThrow(message);
});

it('comes after the time, and before each line', () => {
  const bytes = new TextEncoder().encode('hi\n');
  const entries = [0, 1].map((time) => ({ stream: 'stdout' as const, time, bytes }));
  const shown = (timestamps: boolean) =>
    new TextDecoder().decode(outputChunks(entries, { stdout: true, timestamps }, 'a=1 ').chunks[0]?.bytes);
  expect(shown(false)).toBe('a=1 hi\na=1 hi\n');
  expect(shown(true).split('\n')[0]).toBe('1970-01-01T00:00:00.000000000Z a=1 hi');
});
