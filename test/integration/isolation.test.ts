import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostConfig } from '../../src/api/container';
import type { Instance } from '../../src/api/instance';
import type { LabContainers } from '../../src/engine/containers/engine';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { attempts, outside } from '../support/isolation-attempts';
import { portDrops } from '../support/port-drops';
import { execContainer, outputOf, runContainer, startContainer } from '../support/run-container';
import { buildSystemCalls, canBuildSystemCalls, resultOf, type SystemCall, wordsOf } from '../support/system-calls';

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

describe.skipIf(!hasHostPrograms || !hasFileSystemTools || !canBuildSystemCalls)(
  'from inside a container',
  { timeout: guardMs },
  () => {
    let made: EngineLab;
    let engine: LabContainers;
    let program: Uint8Array<ArrayBuffer>;
    let neighbour: string;
    let plain: ReadonlyMap<string, string>;
    let privileged: ReadonlyMap<string, string>;
    let sharing: ReadonlyMap<string, string>;

    beforeAll(async () => {
      made = await createEngineLab();
      engine = made.engine;
      const body = buildSystemCalls();
      const file = { header: { name: 'system-calls', mode: 0o755, size: body.length }, body };
      program = Uint8Array.from(await packTar([file]));
      neighbour = await startContainer(engine);
      plain = await tried({});
      privileged = await tried({ Privileged: true });
      sharing = await tried({ Privileged: true, PidMode: 'host' });
    }, guardMs);
    afterAll(() => made.dispose(), guardMs);

    /** Runs the program with its words in a container, and gives what it says. */
    async function makeCalls(words: readonly string[], HostConfig: HostConfig): Promise<string> {
      const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: ['/system-calls', ...words], HostConfig });
      await engine.containers.copyIn(Id, '/', new Blob([program]).stream());
      const { output } = await engine.containers.attach(Id, { stream: true, stdout: true, stderr: true });
      await engine.containers.start(Id);
      return (await outputOf(output)).out;
    }

    /** Makes all attempts in one container, and tells how each went. */
    async function tried(HostConfig: HostConfig): Promise<ReadonlyMap<string, string>> {
      const pid = (await engine.containers.inspect(neighbour)).State.Pid;
      const words = wordsOf(attempts.map(({ calls }) => calls)).map((word) => word.replace(outside, String(pid)));
      const lines = (await makeCalls(words, HostConfig)).trim().split('\n');
      expect(lines).toHaveLength(attempts.length);
      return new Map(attempts.map(({ what }, at) => [what, resultOf(lines[at] ?? '')]));
    }

    function host(): Instance {
      return made.lab.instance(engine.hosts.hosts[0]?.instance ?? '');
    }

    async function isOnHost(path: string): Promise<boolean> {
      return (await (await host().exec({ argv: ['ls', path] })).exited) === 0;
    }

    it.each(attempts)('$what: $refused', ({ what, refused, privileged: allowed, sharing: shares }) => {
      expect([plain.get(what), (shares ? sharing : privileged).get(what)]).toEqual([refused, allowed]);
    });

    it('only its own processes are seen', async () => {
      const { out } = await execContainer(engine, neighbour, 'ls /proc | grep -c "^[0-9]*$"; cat /proc/1/comm');
      // sleep, sh, ls and grep.
      expect(out).toBe('4\nsleep\n');
    });

    it('what is masked has nothing to read', async () => {
      const script = 'cat /proc/keys /proc/timer_list | wc -c';
      expect((await execContainer(engine, neighbour, script)).out).toBe('0\n');
      const { out } = await runContainer(engine, ['sh', '-c', script], { HostConfig: { Privileged: true } });
      expect(Number(out)).toBeGreaterThan(0);
      expect((await execContainer(engine, neighbour, 'ls -A /sys/firmware')).out).toBe('');
    });

    it('a link leads no copy out of its root', async () => {
      await execContainer(engine, neighbour, 'ln -s /run/strata /out; ln -s ../../../../run /up');
      for (const path of ['/out/ready', '/up/strata/ready']) {
        await expect(engine.containers.copyOut(neighbour, path)).rejects.toMatchObject({ code: 'NotFound' });
      }
      const tar = await packTar([{ header: { name: 'planted', size: 1, mode: 0o644 }, body: 'x' }]);
      await engine.containers.copyIn(neighbour, '/up', new Blob([new Uint8Array(tar)]).stream()).catch(() => undefined);
      expect(await isOnHost('/run/planted')).toBe(false);
    });

    it('nor does one that comes and goes meanwhile', async () => {
      const swapping = 'while :; do mkdir /race; rmdir /race; ln -s /run /race; rm /race; done';
      const { Id } = await engine.containers.create({ Image: 'busybox', Cmd: ['sh', '-c', swapping] });
      await engine.containers.start(Id);
      const tar = new Uint8Array(await packTar([{ header: { name: 'planted', size: 1, mode: 0o644 }, body: 'x' }]));
      for (let turn = 0; turn < 12; turn += 1) {
        // Whichever it finds: nothing, a directory of the container’s, or a link to one.
        await engine.containers.copyIn(Id, '/race', new Blob([tar]).stream()).catch(() => undefined);
        await expect(engine.containers.copyOut(Id, '/race/strata/ready')).rejects.toMatchObject({ code: 'NotFound' });
      }
      await engine.containers.remove(Id, { force: true });
      expect(await isOnHost('/run/strata/ready')).toBe(true);
      expect(await isOnHost('/run/planted')).toBe(false);
    });

    it('terminals are its own, whoever has one outside', async () => {
      const terminal = await host().exec({ argv: ['sleep', '10000'], terminal: { columns: 80, rows: 24 } });
      try {
        expect(await isOnHost('/dev/pts/0')).toBe(true);
        expect((await execContainer(engine, neighbour, 'ls /dev/pts')).out).toBe('ptmx\n');
      } finally {
        terminal.kill('SIGKILL');
        await terminal.exited;
      }
    });

    /** An address of IPv6's sockets: port, 16 bytes of address, no scope. */
    const socketAddress6 = (port: number, address: string): string => {
      return `%0a00${port.toString(16).padStart(4, '0')}00000000${address}00000000`;
    };
    /** Nobody who has just come has an address of IPv6: it is sure of one after two seconds (RFC 4862, 5.4). */
    const untilAddressed: SystemCall = ['nanosleep', '%0300000000000000', 0];
    const everybody6 = `ff02${'00'.repeat(13)}01`;
    /** A message of ICMPv6 to everybody (RFC 4861, 4); the kernel writes its checksum. */
    const icmp6 = (message: string): readonly SystemCall[] => [
      ['socket', 10, 3, 58],
      ['setsockopt', '$0', 1, 25, '@eth0', 5],
      untilAddressed,
      ['sendto', '$0', `%${message}`, message.length / 2, 0, socketAddress6(0, everybody6), 28],
    ];

    /** From that port, or any. */
    const offer = (port: number): readonly SystemCall[] => [
      ['socket', 2, 2, 0],
      ['setsockopt', '$0', 1, 6, '%01000000', 4],
      ['bind', '$0', `%0200${port.toString(16).padStart(4, '0')}00000000${'00'.repeat(8)}`, 16],
      ['sendto', '$0', '@offer', 5, 0, `%02000044ffffffff${'00'.repeat(8)}`, 16],
    ];
    const offer6 = (port: number): readonly SystemCall[] => [
      ['socket', 10, 2, 0],
      ['setsockopt', '$0', 1, 25, '@eth0', 5],
      ['bind', '$0', socketAddress6(port, '00'.repeat(16)), 28],
      untilAddressed,
      ['sendto', '$0', '@offer', 5, 0, socketAddress6(546, everybody6), 28],
    ];

    it.each<readonly [who: string, reason: string, calls: readonly SystemCall[]]>([
      ['the DHCP server', 'dhcp-guard', offer(67)],
      ['the DHCP server, from any port', 'dhcp-guard', offer(0)],
      ['a DHCPv6 server', 'ra-guard', offer6(547)],
      ['a DHCPv6 server, from any port', 'ra-guard', offer6(0)],
      ['a router of IPv6', 'ra-guard', icmp6('86000000400007080000000000000000')],
      // Flagged to override; the target is what a kernel makes of 02:00:00:00:00:01.
      ['a neighbour of IPv6', 'nd-guard', icmp6('8800000020000000fe80000000000000000000fffe000001')],
    ])('nobody answers its neighbours in the place of %s', async (_, reason, calls) => {
      const at = host().id;
      const before = (await portDrops(made.lab, at))[reason];
      expect(before).toBeDefined();
      await makeCalls(wordsOf([calls]), {});
      expect((await portDrops(made.lab, at))[reason]).toBeGreaterThan(before ?? 0);
    });
  },
);
