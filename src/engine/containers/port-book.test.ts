import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
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

  it('have one container each, and none is kept of what could not be had as a whole', async () => {
    const book = new PortBook();
    await book.bind('a', wishedPorts({ '80/tcp': [{ HostPort: '8080' }] }, [], false));
    const both = wishedPorts({ '80/tcp': [{ HostPort: '8081' }], '81/tcp': [{ HostPort: '8080' }] }, [], false);
    await expect(book.bind('b', both)).rejects.toThrow('Bind for 0.0.0.0:8080 failed: port is already allocated');
    await book.bind('c', wishedPorts({ '80/tcp': [{ HostPort: '8081' }] }, [], false));
    book.release('a');
    book.release('c');
    await expect(book.bind('b', both)).resolves.toHaveLength(2);
  });

  it('are so many at one time, of TCP', async () => {
    const book = new PortBook();
    const range = (count: number) => Array.from({ length: count }, (_, at) => `${at + 1}/tcp`);
    await book.bind('a', wishedPorts({}, range(maxPublished), true));
    await expect(book.bind('b', wishedPorts({ '80/tcp': null }, [], false))).rejects.toThrow(
      expect.objectContaining({ code: 'ResourceExhausted', message: expect.stringContaining(`${maxPublished} ports`) }),
    );
    await expect(book.bind('b', wishedPorts({ '80/udp': null }, [], false))).resolves.toHaveLength(1);
    book.release('a');
    await expect(book.bind('c', wishedPorts({ '80/tcp': null }, [], false))).resolves.toHaveLength(1);
  });

  describe('of a machine beneath', () => {
    /** One on which other programs have some ports. */
    function machine(taken: readonly number[]) {
      const open = new Set<number>();
      return {
        open,
        hostPorts: {
          async open(port: number): Promise<void> {
            if (taken.includes(port)) throw new SandboxError('FailedPrecondition', `${port} is in use`);
            open.add(port);
          },
          close: (port: number): void => void open.delete(port),
        },
      };
    }
    const wish = (HostPort: string) => wishedPorts({ '80/tcp': [{ HostPort }] }, [], false);

    it('are taken there as well, and given back', async () => {
      const { open, hostPorts } = machine([]);
      const book = new PortBook(hostPorts);
      await book.bind('a', wish('8080'));
      await book.bind('b', wishedPorts({ '53/udp': null }, [], false));
      expect([...open]).toEqual([8080]);
      book.release('a');
      expect([...open]).toEqual([]);
    });

    it('are others where a program has those, unless one is asked for', async () => {
      const book = new PortBook(machine([32_768, 32_769, 9000]).hostPorts);
      expect(await book.bind('a', wish(''))).toMatchObject([{ hostPort: 32_770 }]);
      expect(await book.bind('b', wish('9000-9001'))).toMatchObject([{ hostPort: 9001 }]);
      await expect(book.bind('c', wish('9000'))).rejects.toThrow('9000 is in use');
      expect(book.of('c')).toEqual([]);
    });

    it('are not tried for ever, and none stays open of what could not be had as a whole', async () => {
      const { open, hostPorts } = machine(Array.from({ length: 100 }, (_, at) => 9000 + at));
      const book = new PortBook(hostPorts);
      const both = wishedPorts({ '80/tcp': [{ HostPort: '8080' }, { HostPort: '9000-9099' }] }, [], false);
      await expect(book.bind('a', both)).rejects.toThrow('9009 is in use');
      expect([...open]).toEqual([]);
    });
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

  it('are never the same for two, whatever is asked for and released', async () => {
    const step = fc.record({
      container: fc.integer({ min: 0, max: 5 }),
      ports: fc.array(fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
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
            await book.bind(`c${container}`, wishes);
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
