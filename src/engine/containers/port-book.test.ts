import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxPublished, PortBook } from './port-book';
import { isReachedAt, parsePort, wishedPorts } from './port-spec';

describe('published ports', () => {
  it('are read as docker writes them', () => {
    const map = { '80/tcp': [{ HostPort: '8080' }, { HostIp: '127.0.0.1', HostPort: '9000-9002' }], '53/udp': null };
    expect(wishedPorts(map, ['80', '443/tcp'], true)).toEqual([
      { port: 53, protocol: 'udp', hostIp: '', host: undefined },
      { port: 80, protocol: 'tcp', hostIp: '', host: { first: 8080, last: 8080 } },
      { port: 80, protocol: 'tcp', hostIp: '127.0.0.1', host: { first: 9000, last: 9002 } },
      { port: 443, protocol: 'tcp', hostIp: '', host: undefined },
    ]);
  });

  it.each(['', 'x', '80/icmp', '0', '65536', '80/tcp/x'])('"%s" is none', (text) => {
    expect(() => parsePort(text)).toThrow(/invalid/);
  });

  it.each(['a', '80-', '9-8', '70000'])('cannot be published as "%s"', (HostPort) => {
    expect(() => wishedPorts({ '80/tcp': [{ HostPort }] }, [], false)).toThrow('invalid port specification');
  });

  it('have one container each, and none is kept of what could not be had as a whole', () => {
    const book = new PortBook();
    book.bind('a', wishedPorts({ '80/tcp': [{ HostPort: '8080' }] }, [], false));
    const both = wishedPorts({ '80/tcp': [{ HostPort: '8081' }], '81/tcp': [{ HostPort: '8080' }] }, [], false);
    expect(() => book.bind('b', both)).toThrow('Bind for 0.0.0.0:8080 failed: port is already allocated');
    book.bind('c', wishedPorts({ '80/tcp': [{ HostPort: '8081' }] }, [], false));
    book.release('a');
    book.release('c');
    expect(book.bind('b', both)).toHaveLength(2);
  });

  it('are so many at one time, of TCP', () => {
    const book = new PortBook();
    const range = (count: number) => Array.from({ length: count }, (_, at) => `${at + 1}/tcp`);
    book.bind('a', wishedPorts({}, range(maxPublished), true));
    expect(() => book.bind('b', wishedPorts({ '80/tcp': null }, [], false))).toThrow(
      expect.objectContaining({ code: 'ResourceExhausted', message: expect.stringContaining(`${maxPublished} ports`) }),
    );
    expect(book.bind('b', wishedPorts({ '80/udp': null }, [], false))).toHaveLength(1);
    book.release('a');
    expect(book.bind('c', wishedPorts({ '80/tcp': null }, [], false))).toHaveLength(1);
  });

  it.each([
    ['tcp', '', true],
    ['tcp', '0.0.0.0', true],
    ['tcp', '10.0.0.1', true],
    ['tcp', '10.9.0.1', false],
    ['tcp', '127.0.0.1', false],
    ['tcp', '::', false],
    ['udp', '', false],
  ] as const)('of %s at the address "%s" are reached at the gateway 10.0.0.1: %s', (protocol, hostIp, reached) => {
    expect(isReachedAt({ protocol, hostIp }, '10.0.0.1')).toBe(reached);
  });

  it('are never the same for two, whatever is asked for and released', () => {
    const step = fc.record({
      container: fc.integer({ min: 0, max: 5 }),
      ports: fc.array(fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const book = new PortBook();
        for (const { container, ports } of steps) {
          book.release(`c${container}`);
          const wishes = ports.map((port, at) => ({
            port: at + 1,
            protocol: 'tcp' as const,
            hostIp: '',
            host: port === undefined ? undefined : { first: port, last: port + 2 },
          }));
          try {
            book.bind(`c${container}`, wishes);
          } catch {
            expect(book.of(`c${container}`)).toEqual([]);
          }
          const all = [...book.all().values()].flat().map(({ hostPort }) => hostPort);
          expect(new Set(all).size).toBe(all.length);
        }
      }),
    );
  });
});
