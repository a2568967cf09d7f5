import { describe, expect, it } from 'vitest';
import { commandWords, createBody, type RunWish } from './run-wish';

const wish: RunWish = {
  image: 'busybox',
  name: '',
  command: [],
  ports: '',
  environment: '',
  memoryMiB: undefined,
  restart: 'no',
  terminal: false,
};

describe('what is typed to run a container', () => {
  it('is the body of docker run', () => {
    const typed = { ...wish, ports: '8080:80 8081:80 53/udp', environment: 'A=1\n\nB=two words', memoryMiB: 16 };
    expect(createBody({ ...typed, command: ['httpd', '-f'], terminal: true })).toEqual({
      Image: 'busybox',
      Cmd: ['httpd', '-f'],
      Env: ['A=1', 'B=two words'],
      Tty: true,
      OpenStdin: true,
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      HostConfig: {
        PortBindings: { '80/tcp': [{ HostPort: '8080' }, { HostPort: '8081' }], '53/udp': [{}] },
        RestartPolicy: { Name: 'no' },
        Memory: 16 * 1024 * 1024,
      },
    });
  });

  it.each(['80:', 'http', '0:80', '80:70000', '8080:80/sctp'])('does not take the ports %j', (ports) => {
    expect(() => createBody({ ...wish, ports })).toThrow(ports);
  });

  it('has its command in words', () => {
    expect(commandWords(`sh -c 'echo "$A" | cat' ""`)).toEqual(['sh', '-c', 'echo "$A" | cat', '']);
    expect(commandWords('  ')).toEqual([]);
    expect(() => commandWords("echo 'x")).toThrow("A quote in echo 'x is not closed");
  });

  it('does not take a variable without a name', () => {
    expect(() => createBody({ ...wish, environment: 'A=1\n=2' })).toThrow('=2 is no NAME=value');
  });
});
