import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DockerCli } from '../support/docker-cli';
import type { DockerEngine } from '../support/docker-engine';

const image = 'strata/unikernel-httpd:1';

/** Unikernels in the words of the real docker client. */
export function dockerUnikernelSuite(program: string, engine: () => DockerEngine): void {
  describe('the docker client with a unikernel', () => {
    let docker: DockerCli;

    beforeAll(() => {
      const { socket, folder } = engine();
      docker = new DockerCli({ program, host: `unix://${socket}`, config: join(folder, 'client') });
    });

    const ok = async (args: readonly string[]): Promise<string> => {
      const { code, stdout, text } = await docker.run(args);
      expect(`${code} ${code === 0 ? '' : text}`.trim()).toBe('0');
      return stdout;
    };

    it('pulls it, runs it, asks it over a published port, reads its log, stops and removes it', async () => {
      // It is not here yet: a run pulls it.
      await ok(['run', '-d', '--name', 'page', '-p', '127.0.0.1::80', '-m', '8m', '--cpus', '0.5', image]);
      expect(await ok(['images', '--format', '{{.Repository}}:{{.Tag}}', image])).toBe(`${image}\n`);
      const shown = await ok(['ps', '--format', '{{.Names}} {{.Image}} {{.Command}}', '--no-trunc', '-f', 'name=page']);
      expect(shown).toBe(`page ${image} "/httpd.wasm"\n`);
      const [, port] = /:(\d+)\n$/.exec(await ok(['port', 'page', '80/tcp'])) ?? [];
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect([answer.status, answer.headers.get('x-served-by')]).toEqual([
        200,
        (await ok(['inspect', '-f', '{{.Config.Hostname}}', 'page'])).trim(),
      ]);
      await answer.text();
      expect(await ok(['logs', 'page'])).toContain('Serving files on port 80\n');
      expect(await ok(['stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', 'page'])).toMatch(
        /^1 [\d.]+.iB \/ 8MiB\n$/,
      );
      expect(await ok(['inspect', '-f', '{{.HostConfig.Runtime}} {{.Platform}}', 'page'])).toBe(
        'strata-tender solo5\n',
      );
      const refused = await docker.run(['exec', 'page', 'sh']);
      expect(refused.code).not.toBe(0);
      expect(refused.text).toContain('a unikernel is one program and has no shell');
      expect((await docker.run(['cp', 'page:/www', '/tmp'])).text).toContain(
        'filesystem operations against a running unikernel are not supported',
      );
      expect(await ok(['stop', 'page'])).toBe('page\n');
      expect(await ok(['wait', 'page'])).toBe('0\n');
      expect(await ok(['rm', 'page'])).toBe('page\n');
      expect(await ok(['rmi', image])).toContain(`Untagged: ${image}`);
    });

    it('gives it a volume as its disk, which outlives it', async () => {
      const store = 'strata/unikernel-kv:1';
      const mount = 'type=volume,src=books,dst=/data,volume-opt=size=16m';
      const run = async (args: readonly string[]): Promise<string> => {
        await ok(['run', '-d', '--name', 'books', '-p', '127.0.0.1::80', ...args, store]);
        await docker.start(['logs', '-f', 'books']).until('serving them on port 80');
        const [, port] = /:(\d+)\n$/.exec(await ok(['port', 'books', '80/tcp'])) ?? [];
        return `http://127.0.0.1:${port}/emma`;
      };
      const first = await fetch(await run(['--mount', mount]), { method: 'PUT', body: 'Jane Austen' });
      expect(first.status).toBe(201);
      const second = await docker.run(['run', '--rm', '-v', 'books:/data', store]);
      expect(second.text).toContain('is used by the container books');
      expect(await ok(['inspect', '-f', '{{range .Mounts}}{{.Name}} {{.Destination}}{{end}}', 'books'])).toBe(
        'books /data\n',
      );
      await ok(['rm', '-f', '-v', 'books']);
      expect(await ok(['volume', 'ls', '-q'])).toBe('books\n');
      expect(await (await fetch(await run(['-v', 'books:/data']))).text()).toBe('Jane Austen');
      await ok(['rm', '-f', 'books']);
      expect(await ok(['volume', 'inspect', '-f', '{{.Options}}', 'books'])).toBe('map[size:16m]\n');
      expect(await ok(['volume', 'rm', 'books'])).toBe('books\n');
      await ok(['rmi', store]);
    });
  });
}
