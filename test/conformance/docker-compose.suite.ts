import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerCli } from '../support/docker-cli';
import type { DockerEngine } from '../support/docker-engine';

const project = (greeting: string): string => `
version: "2.4"
services:
  store:
    image: busybox
    command: sh -c 'echo once >> /data/index.html; touch /tmp/ready; exec httpd -f -p 8080 -h /data'
    stop_grace_period: 0s
    volumes: ["data:/data"]
    networks: [inner]
    healthcheck:
      test: [CMD, test, -f, /tmp/ready]
      interval: 1s
      retries: 100
  web:
    build:
      context: ./web
      args: { WHO: compose }
    depends_on:
      store: { condition: service_healthy }
    environment: { GREETING: ${greeting} }
    stop_grace_period: 0s
    networks: [inner]
    ports: ["127.0.0.1::8080"]
volumes:
  data:
networks:
  inner:
`;

const dockerfile = `FROM busybox
ARG WHO
RUN mkdir /www && echo "built by $WHO" > /www/index.html
COPY entry.sh /
CMD ["sh", "/entry.sh"]
`;

/** It asks the store once, at its start. */
const entry = 'wget -q -O - http://store:8080/\necho "$GREETING"\nexec httpd -f -p 8080 -h /www\n';

/** What docker compose makes of the engine, with its own client of the API (Python's docker package). */
export function dockerComposeSuite(program: string, engine: () => DockerEngine): void {
  describe.runIf(program)('docker compose', () => {
    let compose: DockerCli;
    let folder: string;

    beforeAll(async () => {
      folder = join(engine().folder, 'shop');
      await mkdir(join(folder, 'web'), { recursive: true });
      await write('hello');
      await writeFile(join(folder, 'web/Dockerfile'), dockerfile);
      await writeFile(join(folder, 'web/entry.sh'), entry);
      compose = new DockerCli({
        program,
        host: `unix://${engine().socket}`,
        config: join(engine().folder, 'client'),
        // Compose 1.29 reads a field of images that the API has had up to 1.44, and builds by itself when asked to.
        env: { COMPOSE_API_VERSION: '1.44', COMPOSE_DOCKER_CLI_BUILD: '0' },
      });
    });
    afterAll(() => run('down', '-v', '--rmi', 'local'));

    const write = (greeting: string) => writeFile(join(folder, 'compose.yml'), project(greeting));
    const run = (...args: readonly string[]) =>
      compose.run(['--ansi', 'never', '-p', 'shop', '-f', join(folder, 'compose.yml'), ...args]);
    const ok = async (...args: readonly string[]): Promise<string> => {
      const { code, text } = await run(...args);
      expect(`${code} ${code === 0 ? '' : text}`.trim()).toBe('0');
      return text;
    };

    it('pulls and builds what a project needs', async () => {
      expect(await ok('pull', 'store')).toContain('Pulling store');
      expect(await ok('build')).toMatch(/Step 3\/5 : RUN[\s\S]*Successfully tagged shop_web:latest/);
    });

    it('brings services up in their order, on a network and a volume of their own', async () => {
      const text = await ok('up', '-d');
      expect(text).toMatch(/Creating network "shop_inner"[\s\S]*Creating volume "shop_data"/);
      expect(await ok('ps', '--services', '--filter', 'status=running')).toBe('store\nweb');
      expect(await ok('ps')).toMatch(/^shop_store_1 .* Up \(healthy\)[\s\S]*^shop_web_1 .* Up .*->8080\/tcp/m);
    });

    it('finds a service by its name, and its port on the loopback', async () => {
      const following = compose.start([
        '-p',
        'shop',
        '-f',
        join(folder, 'compose.yml'),
        'logs',
        '--no-color',
        '-f',
        'web',
      ]);
      await following.until('hello');
      following.child.kill('SIGTERM');
      expect((await following.ended).stdout).toMatch(/^web_1 +\| once\nweb_1 +\| hello\n/m);
      const address = await ok('port', 'web', '8080');
      expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
      await expect.poll(() => textOf(`http://${address}/`)).toBe('built by compose\n');
    });

    it('runs a command in a service, in one of its own, and says how it ended', async () => {
      const inside = await run('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING; exit 4');
      expect([inside.code, inside.stdout]).toEqual([4, 'hello\n']);
      const alone = await run('run', '--rm', '--no-deps', '-T', 'web', 'sh', '-c', 'cat /www/index.html; exit 5');
      expect([alone.code, alone.stdout]).toEqual([5, 'built by compose\n']);
      expect(await ok('top', 'store')).toContain('httpd -f -p 8080 -h /data');
    });

    it('makes anew only what has changed, and has as many of one as are asked for', async () => {
      await write('changed');
      expect(await ok('up', '-d')).toMatch(/shop_store_1 is up-to-date[\s\S]*Recreating shop_web_1/);
      expect(await ok('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING')).toBe('changed');
      await ok('up', '-d', '--scale', 'store=2', '--no-recreate');
      expect((await ok('ps', '-q', 'store')).split('\n')).toHaveLength(2);
      await ok('up', '-d', '--scale', 'store=1', '--no-recreate');
      expect((await ok('ps', '-q', 'store')).split('\n')).toHaveLength(1);
    });

    it('stops and starts all of it, and the volume has what was written', async () => {
      await ok('pause', 'store');
      await ok('unpause', 'store');
      await ok('stop');
      expect(await ok('ps', '--services', '--filter', 'status=running')).toBe('');
      await ok('start');
      const written = await ok('exec', '-T', 'store', 'cat', '/data/index.html');
      expect(written.split('\n').length).toBeGreaterThan(1);
    });

    it('leaves nothing behind', async () => {
      const left = await ok('down', '-v', '--rmi', 'local');
      expect(left).toMatch(/Removing network shop_inner[\s\S]*Removing volume shop_data[\s\S]*Removing image shop_web/);
      expect(await ok('ps', '-q')).toBe('');
    });
  });
}

async function textOf(address: string): Promise<string> {
  const response = await fetch(address);
  return response.text();
}
