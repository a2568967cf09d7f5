import { expect, test } from 'vitest';
import { parseListenAddress, serializeListenAddress } from './listen-address';

test.each([
  ['unix:/run/strata.sock', 'unix:///run/strata.sock'],
  ['unix:///run/strata.sock', 'unix:///run/strata.sock'],
  ['unix:strata.sock', 'unix://strata.sock'],
  ['tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
  ['tcp://localhost:0', 'tcp://localhost:0'],
  ['tcp://[::1]:2375/', 'tcp://[::1]:2375'],
])('%s is an address', (text, dockerHost) => {
  expect(serializeListenAddress(parseListenAddress(text))).toBe(dockerHost);
});

test.each([
  ['tcp://0.0.0.0:2375', 'only this machine may speak to the engine'],
  ['tcp://192.0.2.1:2375', 'only this machine may speak to the engine'],
  ['tcp://127.0.0.1:70000', 'give unix:PATH or tcp://127.0.0.1:PORT'],
  ['tcp://127.0.0.1', 'give unix:PATH or tcp://127.0.0.1:PORT'],
  ['unix:', 'give unix:PATH or tcp://127.0.0.1:PORT'],
  ['/run/strata.sock', 'give unix:PATH or tcp://127.0.0.1:PORT'],
])('%s is none', (text, words) => {
  expect(() => parseListenAddress(text)).toThrow(words);
});
