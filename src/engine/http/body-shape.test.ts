import { expect, test } from 'vitest';
import { readBody, type Shape } from './body-shape';

const shape: Shape = {
  fields: {
    Image: 'string',
    Cmd: 'words',
    Tty: 'boolean',
    Memory: 'integer',
    Labels: { map: 'string' },
    Ports: { map: { list: { fields: { HostPort: 'string' } } }, nulls: true },
  },
};

function read(body: string, type = 'application/json'): Promise<unknown> {
  const request = new Request('http://engine/', { method: 'POST', body, headers: { 'content-type': type } });
  return readBody(request, shape);
}

test('what is known is kept, what is null or unknown is left out', async () => {
  const body = {
    Image: 'busybox',
    Cmd: 'true',
    Tty: null,
    Memory: 4,
    Labels: { a: 'b', c: null },
    Ports: { '80/tcp': [{ HostPort: '8080', More: 1 }], '81/tcp': null },
    Extra: true,
  };
  expect(await read(JSON.stringify(body))).toEqual({
    Image: 'busybox',
    Cmd: ['true'],
    Memory: 4,
    Labels: { a: 'b' },
    Ports: { '80/tcp': [{ HostPort: '8080' }], '81/tcp': null },
  });
  expect(await read('')).toEqual({});
  expect(await read('null')).toEqual({});
});

test.each([
  ['{"Image":5}', 'json: cannot unmarshal number into Go struct field .Image of type string'],
  ['{"Tty":"yes"}', 'json: cannot unmarshal string into Go struct field .Tty of type bool'],
  ['{"Memory":1.5}', 'json: cannot unmarshal number into Go struct field .Memory of type int64'],
  ['{"Cmd":{}}', 'json: cannot unmarshal object into Go struct field .Cmd of type []'],
  ['{"Labels":["a"]}', 'json: cannot unmarshal array into Go struct field .Labels of type map'],
  ['{"Ports":{"80/tcp":[{"HostPort":1}]}}', 'Go struct field .Ports.80/tcp.HostPort of type string'],
  ['{"Image"', 'invalid JSON'],
  ['[]', 'invalid JSON'],
])('%s is refused', async (body, words) => {
  await expect(read(body)).rejects.toThrow(words);
});

test('a body has to be said to be JSON', async () => {
  const words = "unsupported Content-Type header (text/plain): must be 'application/json'";
  await expect(read('{}', 'text/plain')).rejects.toThrow(words);
});
