import { expect, it } from 'vitest';
import { parseExposedPorts } from './expose-ports';

it.each([
  ['80', ['80/tcp']],
  ['53/UDP', ['53/udp']],
  ['8000-8002', ['8000/tcp', '8001/tcp', '8002/tcp']],
  ['7000-7001/sctp', ['7000/sctp', '7001/sctp']],
])('EXPOSE %s', (text, ports) => {
  expect(parseExposedPorts(text)).toEqual(ports);
});

it.each([
  ['web', 'invalid containerPort: web'],
  ['70000', 'invalid containerPort: 70000'],
  ['80/icmp', 'invalid proto: icmp'],
  ['9-8', 'invalid containerPort: 9-8: it ends before it begins'],
])('EXPOSE %s is refused', (text, message) => {
  expect(() => parseExposedPorts(text)).toThrow(message);
});
