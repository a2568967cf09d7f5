import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerCli } from '../support/docker-cli';
import type { DockerEngine } from '../support/docker-engine';

/** What people do with the real docker client, over the bridge, with real guests. */
export function dockerClientSuite(program: string, engine: () => DockerEngine): void {
  describe('the docker client', () => {
    let docker: DockerCli;
    let folder: string;

    beforeAll(async () => {
      ({ folder } = engine());
      docker = new DockerCli({ program, host: `unix://${engine().socket}`, config: join(folder, 'client') });
      await docker.run(['pull', '-q', 'busybox']);
    });

    afterAll(async () => {
      const { stdout } = await docker.run(['ps', '-aq']);
      const ids = stdout.split('\n').filter(Boolean);
      if (ids.length > 0) await docker.run(['rm', '-f', '-v', ...ids]);
    });

    const ok = async (args: readonly string[], input?: string): Promise<string> => {
      const { code, stdout, text } = await docker.run(args, input);
      expect(`${code} ${code === 0 ? '' : text}`.trim()).toBe('0');
      return stdout;
    };

    it('tells versions and what the engine is', async () => {
      expect(await ok(['version', '-f', '{{.Client.APIVersion}} {{.Server.APIVersion}} {{.Server.Os}}'])).toMatch(
        /^1\.4\d 1\.47 linux\n$/,
      );
      expect(await ok(['info', '-f', '{{.OSType}} {{.Swarm.LocalNodeState}}'])).toBe('linux inactive\n');
    });

    it('runs in the foreground: output, errors, exit codes and input', async () => {
      expect(await ok(['run', '--rm', 'busybox', 'echo', 'hello'])).toBe('hello\n');
      const failed = await docker.run(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
      expect(failed).toMatchObject({ code: 3, stdout: 'out\n', stderr: 'err\n' });
      expect(await ok(['run', '--rm', '-i', 'busybox', 'wc', '-c'], 'x'.repeat(200_000))).toBe('200000\n');
      expect(await ok(['ps', '-aq'])).toBe('');
    });

    it('runs in a terminal', async () => {
      const typed = [
        { when: '# ', text: 'tty\r' },
        { when: '/dev/pts/0', text: 'exit 5\r' },
      ];
      const { code, stdout } = await docker.inTerminal(['run', '-it', '--rm', 'busybox', 'sh'], typed);
      expect([code, stdout]).toEqual([5, expect.stringContaining('/dev/pts/0')]);
    });

    it('leaves a terminal as it is, and comes back to it', async () => {
      const leave = { when: '# ', text: '\x10\x11' };
      const state = (name: string) => ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name]);
      await docker.inTerminal(['run', '-it', '--name', 'left', 'busybox', 'sh'], [leave]);
      expect(await state('left')).toBe('running 0\n');

      await docker.inTerminal(['exec', '-it', 'left', 'sh'], [leave]);
      expect(await ok(['exec', 'left', 'pidof', 'sh'])).toMatch(/^\d+ \d+\n$/);
      await ok(['stop', '-t', '0', 'left']);
      await docker.inTerminal(['start', '-ai', 'left'], [leave]);
      expect(await state('left')).toBe('running 0\n');
      await ok(['rm', '-f', 'left']);
    });

    it('has begun, and ended as a shell says it, where the kernel refuses a program', async () => {
      await ok(['create', '--name', 'odd', 'busybox', '/odd']);
      await mkdir(join(folder, 'odd'), { recursive: true });
      await writeFile(join(folder, 'odd', 'odd'), 'no program', { mode: 0o755 });
      await ok(['cp', '-q', join(folder, 'odd', 'odd'), 'odd:/odd']);
      const { code, stderr } = await docker.run(['start', '-a', 'odd']);
      expect([code, stderr]).toEqual([126, 'exec /odd: exec format error\n']);
      await ok(['rm', 'odd']);
    });

    it('gives a container the memory and the names of another', async () => {
      await ok([
        'run',
        '-d',
        '--name',
        'donor',
        '-h',
        'front',
        '--ipc',
        'shareable',
        'busybox',
        'sh',
        '-c',
        'echo shared > /dev/shm/x; sleep 600',
      ]);
      const beside = [
        'run',
        '--rm',
        '--ipc',
        'container:donor',
        '--network',
        'container:donor',
        'busybox',
        'sh',
        '-c',
        'hostname; cat /dev/shm/x',
      ];
      expect(await ok(beside)).toBe('front\nshared\n');
      const hosts = ['cat', '/etc/hosts'];
      expect(await ok(['run', '--rm', '--network', 'container:donor', 'busybox', ...hosts])).toBe(
        await ok(['exec', 'donor', ...hosts]),
      );
      await ok(['rm', '-f', 'donor']);
    });

    it('gives a container groups, volumes of another, and users of its own', async () => {
      expect(await ok(['run', '--rm', '--group-add', '777', 'busybox', 'id', '-G'])).toMatch(/^0 .*\b777\b/);
      await ok(['create', '--name', 'source', '-v', '/kept', 'busybox']);
      await ok(['run', '--rm', '--volumes-from', 'source', 'busybox', 'sh', '-c', 'echo shared > /kept/file']);
      const script = 'cat /kept/file; touch /kept/other';
      const reader = await docker.run(['run', '--rm', '--volumes-from', 'source:ro', 'busybox', 'sh', '-c', script]);
      expect(reader).toMatchObject({
        code: 1,
        stdout: 'shared\n',
        stderr: expect.stringContaining('Read-only file system'),
      });
      await ok(['rm', '-v', 'source']);
      const apart = ['run', '--rm', '--security-opt', 'userns=private', 'busybox', 'cat', '/proc/self/uid_map'];
      expect((await ok(apart)).trim().split(/ +/)).toEqual(['0', '100000', '65536']);
      const odd = await docker.run(['run', '--rm', '--security-opt', 'userns=odd', 'busybox', 'true']);
      expect([odd.code, odd.text]).toEqual([125, expect.stringContaining('invalid userns mode: odd')]);
    });

    it('speaks the oldest version of the API that there is', async () => {
      const config = join(folder, 'client');
      const old = new DockerCli({
        program,
        host: `unix://${engine().socket}`,
        config,
        env: { DOCKER_API_VERSION: '1.41' },
      });
      const said = async (args: readonly string[], input?: string): Promise<string> => {
        const { code, stdout, text } = await old.run(args, input);
        expect(`${code} ${code === 0 ? '' : text}`.trim()).toBe('0');
        return stdout;
      };
      expect(await said(['version', '-f', '{{.Client.APIVersion}}'])).toBe('1.41\n');
      await said(['network', 'create', '--subnet', '10.41.0.0/24', 'aged']);
      await said(['run', '-d', '--name', 'elder', '--network', 'aged', 'busybox', 'sh', '-c', 'echo here; sleep 1000']);
      expect(await said(['ps', '--format', '{{.Names}} {{.Networks}} {{.State}}'])).toBe('elder aged running\n');
      const address = '{{.NetworkSettings.Networks.aged.IPAddress}} {{.State.Running}}';
      expect(await said(['inspect', '-f', address, 'elder'])).toMatch(/^10\.41\.0\.\d+ true\n$/);
      expect(await said(['network', 'inspect', '-f', '{{range .Containers}}{{.Name}}{{end}}', 'aged'])).toBe('elder\n');
      expect(await said(['exec', '-i', 'elder', 'cat'], 'typed')).toBe('typed');
      expect(await old.run(['exec', 'elder', 'sh', '-c', 'echo e >&2; exit 4'])).toMatchObject({
        code: 4,
        stderr: 'e\n',
      });
      expect(await said(['logs', 'elder'])).toBe('here\n');
      const built = await said(['build', '-t', 'aged:1', '-'], 'FROM busybox\nRUN echo built > /made\n');
      expect(built).toMatch(/Step 2\/2 : RUN [\s\S]*Successfully tagged aged:1\n$/);
      expect(await said(['run', '--rm', 'aged:1', 'cat', '/made'])).toBe('built\n');
      await said(['rm', '-f', 'elder']);
      await said(['network', 'rm', 'aged']);
      await said(['rmi', 'aged:1']);
    });

    it('says why a command is not run, by code and by words', async () => {
      const absent = await docker.run(['run', '--rm', 'busybox', 'nothing-like-it']);
      expect([absent.code, absent.stderr]).toEqual([
        127,
        expect.stringContaining('executable file not found in $PATH'),
      ]);
      const forbidden = await docker.run(['run', '--rm', 'busybox', '/etc/passwd']);
      expect([forbidden.code, forbidden.stderr]).toEqual([126, expect.stringContaining('permission denied')]);
    });

    describe('with a container in the background', () => {
      beforeAll(async () => {
        const script = 'echo started; trap "echo asked; exit 7" TERM; while :; do sleep 1 & wait $!; done';
        await ok(['run', '-d', '--name', 'web', '-l', 'tier=web', '-e', 'A=b', 'busybox', 'sh', '-c', script]);
      });

      it('lists and inspects it', async () => {
        expect(await ok(['ps', '--format', '{{.Names}} {{.Image}} {{.Label "tier"}}'])).toBe('web busybox web\n');
        expect(await ok(['ps', '-q', '-f', 'label=tier=none'])).toBe('');
        const format = '{{.State.Status}} {{.Path}} {{.Config.Labels.tier}} {{.HostConfig.NetworkMode}}';
        expect(await ok(['inspect', '-f', format, 'web'])).toMatch(/^running sh web (default|bridge)\n$/);
      });

      it('runs further programs in it', async () => {
        const args = ['exec', '-i', '-w', '/tmp', '-e', 'C=d', 'web', 'sh', '-c', 'pwd; echo $A $C; cat; exit 9'];
        expect(await docker.run(args, 'typed')).toMatchObject({ code: 9, stdout: '/tmp\nb d\ntyped' });
        const { code, stdout } = await docker.inTerminal(['exec', '-it', 'web', 'tty'], []);
        expect([code, stdout]).toEqual([0, expect.stringContaining('/dev/pts/')]);
        expect(await ok(['exec', '-u', 'nobody', 'web', 'id', '-un'])).toBe('nobody\n');
      });

      it('says why a program does not join it, by code and by words', async () => {
        const before = 'OCI runtime exec failed: exec failed: unable to start container process: ';
        const cases: readonly (readonly [args: readonly string[], code: number, words: string])[] = [
          [['-u', 'nosuch'], 126, 'unable to find user nosuch: no matching entries in passwd file'],
          [['-u', '0:nosuch'], 126, 'Unable to find group nosuch: no matching entries in group file'],
          [
            ['-w', '/nosuch'],
            127,
            `${before}chdir to cwd ("/nosuch") set in config.json failed: no such file or directory: unknown`,
          ],
          [
            ['-w', '/etc/passwd'],
            127,
            `${before}chdir to cwd ("/etc/passwd") set in config.json failed: not a directory: unknown`,
          ],
          [['-w', 'tmp'], 126, `${before}Cwd must be an absolute path: unknown`],
        ];
        for (const [args, code, words] of cases) {
          expect(await docker.run(['exec', ...args, 'web', 'true'])).toMatchObject({ code, text: words });
        }
        expect(await ok(['diff', 'web'])).not.toContain('/nosuch');
        // Where a link leads to a directory, or something is mounted.
        for (const path of ['/proc/1/root', '/dev/shm', '/bin/']) await ok(['exec', '-w', path, 'web', 'true']);
      });

      it('shows what it says, and goes on showing it', async () => {
        expect(await ok(['logs', 'web'])).toBe('started\n');
        const following = docker.start(['logs', '-f', '--tail', '0', 'web']);
        await ok(['exec', 'web', 'sh', '-c', 'echo again > /proc/1/fd/1']);
        await following.until('again');
        following.child.kill('SIGKILL');
        expect((await following.ended).stdout).toBe('again\n');
        expect(await ok(['logs', '-t', '-n', '1', 'web'])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z again\n$/);
      });

      it('counts and lists what runs in it', async () => {
        expect(await ok(['top', 'web'])).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD\n[\s\S]*sh -c/);
        expect(await ok(['stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'web'])).toMatch(/^web [1-9]\n$/);
      });

      it('copies files in and out, and tells what has changed', async () => {
        await mkdir(join(folder, 'given/below'), { recursive: true });
        await writeFile(join(folder, 'given/below/note'), 'from outside');
        await ok(['cp', join(folder, 'given'), 'web:/tmp']);
        expect(await ok(['exec', 'web', 'cat', '/tmp/given/below/note'])).toBe('from outside');
        await ok(['exec', 'web', 'sh', '-c', 'echo from inside > /tmp/answer']);
        await ok(['cp', 'web:/tmp/answer', join(folder, 'answer')]);
        expect(await readFile(join(folder, 'answer'), 'utf8')).toBe('from inside\n');
        await ok(['cp', 'web:/tmp/given/.', join(folder, 'opened')]);
        await mkdir(join(folder, 'there'));
        await ok(['cp', 'web:/tmp/given/.', join(folder, 'there')]);
        for (const copied of ['opened', 'there']) {
          expect(await readFile(join(folder, copied, 'below/note'), 'utf8')).toBe('from outside');
        }
        await ok(['cp', 'web:/', join(folder, 'whole')]);
        expect(await readFile(join(folder, 'whole/tmp/given/below/note'), 'utf8')).toBe('from outside');
        await ok(['create', '--name', 'filled', '-v', 'fill:/data', 'busybox', 'cat', '/data/note']);
        await ok(['cp', join(folder, 'given/below/note'), 'filled:/data/note']);
        expect(await ok(['start', '-a', 'filled'])).toBe('from outside');
        expect(await ok(['diff', 'web'])).toMatch(/^A \/tmp\/answer$/m);
        const missing = await docker.run(['cp', 'web:/none', folder]);
        expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('Could not find the file /none')]);
      });

      it('stands still and goes on, has another name and other limits', async () => {
        await ok(['pause', 'web']);
        expect(await ok(['ps', '--format', '{{.Status}}'])).toMatch(/\(Paused\)/);
        expect((await docker.run(['exec', 'web', 'true'])).stderr).toContain(
          'is paused, unpause the container before exec',
        );
        await ok(['unpause', 'web']);
        await ok(['rename', 'web', 'site']);
        await ok(['update', '-m', '24m', '--memory-swap', '24m', 'site']);
        expect(await ok(['exec', 'site', 'cat', '/sys/fs/cgroup/memory.max'])).toBe(`${24 * 1024 * 1024}\n`);
        await ok(['rename', 'site', 'web']);
      });

      it('becomes an image that runs', async () => {
        expect(await ok(['commit', '-m', 'kept', '-c', 'ENV KEPT=yes', 'web', 'kept:1'])).toMatch(
          /^sha256:[0-9a-f]{64}\n$/,
        );
        expect(await ok(['run', '--rm', 'kept:1', 'sh', '-c', 'cat /tmp/answer; echo $KEPT'])).toBe(
          'from inside\nyes\n',
        );
        expect(await ok(['rmi', 'kept:1'])).toContain('Untagged: kept:1');
      });

      it('is stopped, waited for and removed', async () => {
        const waiting = docker.start(['wait', 'web']);
        expect((await docker.run(['rm', 'web'])).stderr).toContain(
          'stop the container before removing or force remove',
        );
        await ok(['stop', 'web']);
        expect((await waiting.ended).stdout).toBe('7\n');
        expect(await ok(['logs', '-n', '1', 'web'])).toBe('asked\n');
        await ok(['start', 'web']);
        await ok(['kill', 'web']);
        expect(await ok(['wait', 'web'])).toBe('137\n');
        await ok(['rm', 'web']);
        expect((await docker.run(['inspect', 'web'])).stderr).toMatch(/no such object: web/i);
      });
    });

    it('is attached to, and lets go by the detach keys', async () => {
      await ok(['run', '-dit', '--name', 'shell', 'busybox', 'sh']);
      const typed = [
        { when: '# ', text: 'echo $((6 * 7))\r' },
        { when: '42', text: '\x10\x11' },
      ];
      const attached = docker.inTerminal(['attach', 'shell'], [{ when: '', text: '\r' }, ...typed]);
      expect((await attached).stdout).toContain('42');
      expect(await ok(['inspect', '-f', '{{.State.Running}}', 'shell'])).toBe('true\n');
      await ok(['rm', '-f', 'shell']);
    });

    it('keeps volumes', async () => {
      expect(await ok(['volume', 'create', '--label', 'kind=data', 'data'])).toBe('data\n');
      await ok(['run', '--rm', '-v', 'data:/data', 'busybox', 'sh', '-c', 'echo kept > /data/note']);
      expect(await ok(['run', '--rm', '-v', 'data:/data:ro', 'busybox', 'cat', '/data/note'])).toBe('kept\n');
      const written = await docker.run(['run', '--rm', '-v', 'data:/data:ro', 'busybox', 'touch', '/data/more']);
      expect([written.code, written.stderr]).toEqual([1, expect.stringContaining('Read-only file system')]);
      expect(await ok(['volume', 'ls', '-q', '-f', 'label=kind=data'])).toBe('data\n');
      expect(await ok(['volume', 'inspect', '-f', '{{.Driver}} {{.Labels.kind}}', 'data'])).toBe('local data\n');
      await ok(['create', '--name', 'user', '-v', 'data:/data', 'busybox']);
      expect((await docker.run(['volume', 'rm', 'data'])).stderr).toContain('volume is in use');
      await ok(['rm', 'user']);
      await ok(['volume', 'rm', 'data']);
      expect((await docker.run(['volume', 'inspect', 'data'])).stderr).toMatch(/no such volume/i);
    });

    it('limits and takes rights away', async () => {
      const script = 'cat /sys/fs/cgroup/memory.max; grep CapEff /proc/self/status';
      const limited = ['run', '--rm', '-m', '16m', '--cap-drop', 'ALL', 'busybox', 'sh', '-c', script];
      expect(await ok(limited)).toBe(`${16 * 1024 * 1024}\nCapEff:\t0000000000000000\n`);
      const readOnly = await docker.run(['run', '--rm', '--read-only', 'busybox', 'touch', '/x']);
      expect([readOnly.code, readOnly.stderr]).toEqual([1, expect.stringContaining('Read-only file system')]);
    });

    it('publishes a port on this machine', async () => {
      const port = await freePort();
      const script = 'mkdir /www; echo published > /www/index.html; httpd -f -p 80 -h /www';
      await ok(['run', '-d', '--name', 'server', '-p', `127.0.0.1:${port}:80`, 'busybox', 'sh', '-c', script]);
      expect(await ok(['port', 'server'])).toBe(`80/tcp -> 127.0.0.1:${port}\n`);
      await ok(['exec', 'server', 'sh', '-c', 'until wget -qO- 127.0.0.1 >/dev/null 2>&1; do sleep 0.1; done']);
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('published\n');
      const taken = await docker.run(['run', '--rm', '-p', `${port}:80`, 'busybox', 'true']);
      expect([taken.code, taken.stderr]).toEqual([125, expect.stringContaining('port is already allocated')]);
      await ok(['rm', '-f', 'server']);
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    });

    it('takes another port of this machine where a program has that, unless it is asked for', async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      try {
        const refused = await docker.run(['run', '--name', 'late', '-p', `${port}:80`, 'busybox', 'true']);
        expect([refused.code, refused.stderr]).toEqual([
          125,
          expect.stringContaining(`failed to bind host port 127.0.0.1:${port}/tcp: address already in use`),
        ]);
        expect(await ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'late'])).toBe('created 128\n');
        const range = `${port}-${Math.min(port + 5, 65_535)}:80`;
        await ok(['run', '-d', '--name', 'next', '-p', range, 'busybox', 'sleep', '60']);
        expect(await ok(['port', 'next', '80'])).toMatch(new RegExp(`:(?!${port}\n)\\d+\n$`));
      } finally {
        other.close();
        await ok(['rm', '-f', 'late', 'next']);
      }
    });

    it('joins containers by networks and names', async () => {
      expect(await ok(['network', 'create', '--subnet', '10.77.0.0/24', '--label', 'a=b', 'backend'])).toMatch(
        /^[0-9a-f]{64}\n$/,
      );
      await ok([
        'run',
        '-d',
        '--name',
        'db',
        '--network',
        'backend',
        '--network-alias',
        'database',
        'busybox',
        'sleep',
        '600',
      ]);
      const ping = ['run', '--rm', '--network', 'backend', 'busybox', 'ping', '-c', '1', '-W', '10'];
      expect(await ok([...ping, 'db'])).toContain('1 packets received');
      expect(await ok([...ping, 'database'])).toContain('1 packets received');
      expect(await ok(['network', 'inspect', '-f', '{{range .Containers}}{{.Name}}{{end}}', 'backend'])).toBe('db\n');
      expect((await docker.run(['network', 'rm', 'backend'])).stderr).toContain('has active endpoints');
      expect(await ok(['run', '--rm', '--network', 'none', 'busybox', 'sh', '-c', 'ls -d /sys/class/net/*/'])).toBe(
        '/sys/class/net/lo/\n',
      );
      await ok(['run', '-d', '--name', 'near', '--network', 'host', 'busybox', 'sleep', '60']);
      expect(await ok(['ps', '-f', 'network=host', '--format', '{{.Names}} {{.Networks}}'])).toBe('near host\n');
      const onHost = '{{range .Containers}}{{.Name}}{{end}}';
      expect(await ok(['network', 'inspect', '-f', onHost, 'host'])).toBe('near\n');
      await ok(['rm', '-f', 'db', 'near']);
      await ok(['network', 'rm', 'backend']);
      expect(await ok(['network', 'ls', '-q', '-f', 'name=backend'])).toBe('');
    });

    it('builds by the classic builder', async () => {
      const context = join(folder, 'context');
      await mkdir(context);
      await writeFile(join(context, 'note'), 'built\n');
      await writeFile(
        join(context, 'Dockerfile'),
        'FROM busybox\nARG WHO=nobody\nENV WHO=$WHO\nRUN echo "made by $WHO, pid $$" > /made\nCOPY note /note\nCMD cat /note /made\n',
      );
      const build = ['build', '-t', 'built:1', '--build-arg', 'WHO=ann', context];
      expect(await ok(build)).toMatch(/Step 5\/6 : COPY note \/note[\s\S]*Successfully tagged built:1\n$/);
      expect(await ok(['run', '--rm', 'built:1'])).toBe('built\nmade by ann, pid 1\n');
      expect((await ok(build)).match(/Using cache/g)).toHaveLength(5);
      await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nCOPPY note /note\n');
      const broken = await docker.run(['build', context]);
      expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/unknown instruction: COPPY/i)]);
    });

    it('gives the processes of a build what its options say', async () => {
      const context = join(folder, 'limited');
      await mkdir(context, { recursive: true });
      const run =
        'cat /etc/hosts; ulimit -n; df -k /dev/shm | tail -n 1; head -c 20000000 /dev/zero | tail > /dev/null';
      await writeFile(join(context, 'Dockerfile'), `FROM busybox\nRUN ${run}\n`);
      const options = ['--add-host', 'far:10.9.8.7', '--ulimit', 'nofile=32', '--shm-size', '1m', '--memory', '12m'];
      const limited = await docker.run(['build', '--no-cache', '-q=false', ...options, context]);
      expect(limited.text).toMatch(/^10\.9\.8\.7\s+far$/m);
      expect(limited.text).toMatch(/^32$/m);
      expect(limited.text).toMatch(/^shm +1024 .*\/dev\/shm$/m);
      expect([limited.code, limited.text]).toEqual([137, expect.stringMatching(/returned a non-zero code: 137$/)]);
      const refused = await docker.run(['build', '--security-opt', 'label=disable', context]);
      expect([refused.code, refused.text]).toEqual([
        1,
        expect.stringMatching(/security options are not supported on linux$/),
      ]);
      await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nRUN x\n');
      const empty = await docker.run(['build', context]);
      expect(empty.text).toMatch(/unable to start container process: .*\/bin\/sh.*: unknown \(Dockerfile:2\)$/m);
    });

    it('takes names from an image that is in use by force alone, and prunes by age and label', async () => {
      await ok(
        ['build', '-q', '-t', 'held:1', '-'],
        'FROM busybox\nRUN touch /kept\nLABEL keep=yes\nCMD ["echo", "whole"]\n',
      );
      await ok(['create', '--name', 'holder', 'held:1']);
      const refused = await docker.run(['rmi', 'held:1']);
      expect([refused.code, refused.text]).toEqual([
        1,
        expect.stringMatching(
          /unable to remove repository reference "held:1" \(must force\) - .* using its referenced image/,
        ),
      ]);
      expect(await ok(['rmi', '-f', 'held:1'])).toBe('Untagged: held:1\n');
      expect(await ok(['start', '-a', 'holder'])).toBe('whole\n');
      for (const kept of ['until=24h', 'label!=keep']) await ok(['container', 'prune', '-f', '--filter', kept]);
      await ok(['rm', 'holder']);
      const prune = ['image', 'prune', '-f', '--filter', 'label=keep=yes'];
      expect(await ok([...prune, '--filter', 'until=24h'])).toBe('Total reclaimed space: 0B\n');
      expect(await ok(prune)).toMatch(/^Deleted Images:\ndeleted: sha256:/);
      for (const what of ['system', 'builder']) await ok([what, 'prune', '-f', '--filter', 'until=24h']);
    });

    it('tells of what happened, of what is used, and prunes', async () => {
      const since = String(Date.now() / 1000);
      await ok(['run', '--rm', '--name', 'short', 'busybox', 'true']);
      const until = String(Date.now() / 1000);
      const events = ['events', '--since', since, '--until', until, '-f', 'container=short', '--format', '{{.Action}}'];
      expect((await ok(events)).trim().split('\n')).toEqual(['create', 'attach', 'start', 'die', 'destroy']);
      await ok(['container', 'prune', '-f']);
      await ok(['create', 'busybox']);
      expect(await ok(['system', 'df', '--format', '{{.Type}} {{.TotalCount}}'])).toMatch(
        /^Images [1-9]\d*\nContainers 1\n/,
      );
      const kept = await ok(['system', 'df', '-v']);
      expect(kept.slice(kept.indexOf('Build cache usage'))).toMatch(
        /\n\S+ +regular +\S+ +(Less than|About|\d+ (sec|min))/,
      );
      expect(await ok(['container', 'prune', '-f'])).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n/);
      expect(await ok(['system', 'prune', '-f'])).toContain('Total reclaimed space');
    });

    it.each([
      [['run', 'busybox:none'], 125, 'busybox:none'],
      [['start', 'none'], 1, 'No such container: none'],
      [['exec', 'none', 'true'], 1, 'No such container: none'],
      [['logs', 'none'], 1, 'No such container: none'],
      [['kill', 'none'], 1, 'No such container: none'],
      [['rm', 'none'], 1, 'No such container: none'],
      [['network', 'inspect', 'none-such'], 1, 'network none-such not found'],
      [['run', '--network', 'none-such', 'busybox'], 125, 'network none-such not found'],
      [['run', '-v', 'data:relative', 'busybox'], 125, 'invalid mount path'],
      [['ps', '-f', 'color=red'], 1, "invalid filter 'color'"],
      [['swarm', 'init'], 1, 'There are no swarms here'],
      [['network', 'create', '-d', 'overlay', 'wide'], 1, 'This node is not a swarm manager'],
      [
        ['network', 'create', '--subnet', '10.9.0.0/24', '--gateway', '10.9.0.254', 'gw'],
        1,
        'its first address, 10.9.0.1',
      ],
      [['network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'icc'], 1, 'bridge.enable_icc=false'],
      [
        ['run', '--ip', '172.17.0.9', 'busybox'],
        125,
        'user specified IP address is supported on user defined networks',
      ],
      [['run', '--gpus', 'all', 'busybox'], 125, 'could not select device driver "" with capabilities: [[gpu]]'],
      [['run', '-w', 'rel', 'busybox'], 125, "the working directory 'rel' is invalid, it needs to be an absolute path"],
      [['volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'ram'], 1, '--mount type=tmpfs,target=PATH'],
      [['service', 'ls'], 1, 'This node is not a swarm manager'],
    ])('docker %j fails in docker’s words', async (args, code, words) => {
      const failed = await docker.run(args);
      expect([failed.code, failed.stderr]).toEqual([code, expect.stringContaining(words)]);
    });

    it('has each name once', async () => {
      await ok(['create', '--name', 'only', 'busybox']);
      const second = await docker.run(['create', '--name', 'only', 'busybox']);
      expect([second.code, second.stderr]).toEqual([
        1,
        expect.stringContaining('The container name "/only" is already in use'),
      ]);
      await ok(['rm', 'only']);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
