import { expect, test } from 'vitest';
import { createRouteTable, type Route } from './route';

const handle = async (): Promise<Response> => new Response();
const routes: readonly Route[] = [
  { method: 'GET', path: '/images/json', handle },
  { method: 'GET', path: '/images/{name*}/json', handle },
  { method: 'DELETE', path: '/images/{name*}', handle },
  { method: 'GET', path: '/containers/{id}/archive', handle },
  { method: 'HEAD', path: '/containers/{id}/archive', handle },
];

test.each([
  ['GET', '/images/json', '/images/json', {}],
  ['GET', '/images/busybox/json', '/images/{name*}/json', { name: 'busybox' }],
  ['GET', '/images/localhost:5000/team/web:1/json', '/images/{name*}/json', { name: 'localhost:5000/team/web:1' }],
  ['DELETE', '/images/team%2Fweb', '/images/{name*}', { name: 'team/web' }],
  ['GET', '/containers/a%zz/archive', '/containers/{id}/archive', { id: 'a%zz' }],
  ['HEAD', '/images/json', '/images/json', {}],
])('%s %s', (method, path, expected, params) => {
  expect(createRouteTable(routes)(method, path)).toMatchObject({ route: { path: expected }, params });
});

test.each([
  ['POST', '/images/json'],
  ['GET', '/images'],
  ['GET', '/containers/a/b/archive'],
  ['GET', '/'],
])('%s %s is nobody', (method, path) => {
  expect(createRouteTable(routes)(method, path)).toBeUndefined();
});

test('HEAD has routes of its own before those of GET', () => {
  expect(createRouteTable(routes)('HEAD', '/containers/a/archive')?.route.method).toBe('HEAD');
});
