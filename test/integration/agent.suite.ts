import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Process } from '../../src/api/instance';
import { concatBytes } from '../../src/base/bytes';
import { systemClock } from '../../src/base/clock';
import { serializeMessage } from '../../src/formats/agent';
import { copyFromGuest, copyIntoGuest } from '../../src/runtime/vm/agent-files';
import { type AgentExecSpec, AgentSession, type AgentTransport } from '../../src/runtime/vm/agent-session';
import { openExec } from '../../src/runtime/vm/guest-process';

/** An agent to talk to: in a VM, or run natively. */
export interface AgentUnderTest {
  readonly transport: AgentTransport;
  dispose(): Promise<void>;
}

export interface AgentSuiteOptions {
  /** False where the agent runs on the developer's machine: nothing may change its clock or network. */
  readonly mayConfigure: boolean;
  /** Bytes streamed through the guest and back. */
  readonly streamBytes: number;
  /** Programs run at once. */
  readonly programs: number;
}

const helloMs = 60_000;

/** Every promise of docs/AGENT.md, over a real agent. */
export function agentSuite(name: string, start: () => Promise<AgentUnderTest>, options: AgentSuiteOptions): void {
  describe(`the agent ${name}`, () => {
    let agent: AgentUnderTest;
    let session: AgentSession;

    beforeAll(async () => {
      agent = await start();
      session = newSession(agent.transport);
      await session.hello(helloMs);
    }, helloMs * 2);

    afterAll(async () => {
      session.dispose();
      await agent.dispose();
    });

    it('says hello with the boot it belongs to', async () => {
      expect((await session.hello(helloMs)).bootId).toMatch(/^[0-9a-f-]{36}$/);
    });

    it.each([0, 1, 64, 65536])('brings %d bytes of a ping back', async (size) => {
      const bytes = createPattern(size, 3);
      expect(sameBytes(await session.ping(bytes), bytes)).toBe(true);
    });

    it('runs a program and keeps its outputs and its exit code apart', async () => {
      const result = await collect(run(session, { argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'] }));
      expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 3 });
    });

    it('gives a program its environment, directory and user', async () => {
      const script = 'echo $GREETING; pwd; id -u; id -g';
      const process = run(session, {
        argv: ['sh', '-c', script],
        env: ['GREETING=hi'],
        cwd: '/tmp',
        uid: 1000,
        gid: 1001,
      });
      expect((await collect(process)).stdout).toBe('hi\n/tmp\n1000\n1001\n');
    });

    it.each([
      {
        what: 'a missing program',
        spec: { argv: ['no-such-program'] },
        code: 127,
        stderr: 'no-such-program: No such file or directory\n',
      },
      { what: 'a directory', spec: { argv: ['/tmp'] }, code: 126, stderr: '/tmp: Permission denied\n' },
      {
        what: 'a missing directory to run in',
        spec: { argv: ['pwd'], cwd: '/no/such' },
        code: 127,
        stderr: '/no/such: No such file or directory\n',
      },
    ])('says why $what does not run', async ({ spec, code, stderr }) => {
      expect(await collect(run(session, spec))).toEqual({ stdout: '', stderr, code });
    });

    it('ends the input of a program when it is closed', async () => {
      const process = run(session, { argv: ['cat'] });
      const result = collect(process);
      await write(process, 'hello');
      await process.stdin.close();
      expect(await result).toEqual({ stdout: 'hello', stderr: '', code: 0 });
    });

    it('fails the writer of a program that takes no more', async () => {
      const process = run(session, { argv: ['sh', '-c', 'exec <&-; echo closed; read never < /dev/ptmx'] });
      const reader = process.stdout.getReader();
      await reader.read();
      const writer = process.stdin.getWriter();
      await expect(writer.write(createPattern(1 << 20, 1))).rejects.toMatchObject({ code: 'Aborted' });
      process.kill('SIGKILL');
      await reader.cancel();
      expect(await process.exited).toBe(137);
    });

    it('signals the whole group of a program', async () => {
      const process = run(session, { argv: ['sh', '-c', 'sleep 1000 & echo ready; wait'] });
      const reader = process.stdout.getReader();
      await reader.read();
      process.kill('SIGTERM');
      expect(await process.exited).toBe(143);
      expect((await reader.read()).done).toBe(true);
    });

    it('does not wait for what a program leaves in the background', async () => {
      const result = await collect(run(session, { argv: ['sh', '-c', 'sleep 1000 & echo $!'] }));
      expect(result.code).toBe(0);
      await collect(run(session, { argv: ['kill', result.stdout.trim()] }));
    });

    it('gives a program a terminal of the asked size, and resizes it', async () => {
      const script = 'stty size; trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done';
      const process = run(session, { argv: ['sh', '-c', script], terminal: { columns: 91, rows: 17 } });
      const lines = readLines(process);
      expect(await lines.next()).toBe('17 91');
      expect(await lines.next()).toBe('ready');
      process.resize({ columns: 120, rows: 40 });
      expect(await lines.next()).toBe('40 120');
      expect(await process.exited).toBe(0);
    });

    it('interrupts the program in a terminal by control-C', async () => {
      const process = run(session, {
        argv: ['sh', '-c', 'echo ready; exec sleep 1000'],
        terminal: { columns: 80, rows: 24 },
      });
      const lines = readLines(process);
      expect(await lines.next()).toBe('ready');
      await write(process, '\x03');
      expect(await process.exited).toBe(130);
    });

    it('ends the input of a program in a terminal', async () => {
      const process = run(session, { argv: ['cat'], terminal: { columns: 80, rows: 24 } });
      await process.stdin.close();
      expect((await collect(process)).code).toBe(0);
    });

    it('runs many programs at once', async () => {
      const runs = Array.from({ length: options.programs }, async (_, index) => {
        const result = await collect(run(session, { argv: ['sh', '-c', `echo ${index}; exit ${index % 100}`] }));
        expect(result).toEqual({ stdout: `${index}\n`, stderr: '', code: index % 100 });
      });
      await Promise.all(runs);
      expect(session.processCount).toBe(0);
    }, 120_000);

    it('streams through the guest and back without losing or moving a byte', async () => {
      const process = run(session, { argv: ['cat'] });
      const sent = feed(process, options.streamBytes);
      await expectPattern(process, options.streamBytes);
      await sent;
      expect(await process.exited).toBe(0);
    }, 600_000);

    it('holds a program back whose output nobody reads, and nobody else', async () => {
      const idle = run(session, { argv: ['sh', '-c', 'dd if=/dev/zero bs=65536 count=64 2>/dev/null'] });
      const stuck = run(session, { argv: ['sleep', '1000'] });
      const blocked = stuck.stdin.getWriter().write(createPattern(1 << 20, 1));
      blocked.catch(() => {});
      expect((await collect(run(session, { argv: ['echo', 'alive'] }))).stdout).toBe('alive\n');
      expect(await countBytes(idle.stdout)).toBe(64 * 65536);
      expect(await idle.exited).toBe(0);
      stuck.kill('SIGKILL');
      expect(await stuck.exited).toBe(137);
      await expect(blocked).rejects.toMatchObject({ code: 'Aborted' });
    });

    it('stops a program when its output is canceled', async () => {
      const process = run(session, { argv: ['yes'] });
      const reader = process.stdout.getReader();
      await reader.read();
      await reader.cancel();
      // 128 + SIGPIPE where it kills, 1 where "yes" sees the error itself.
      expect([141, 1]).toContain(await process.exited);
    });

    it('copies a tree in and out as tar', async () => {
      const directory = (await collect(run(session, { argv: ['mktemp', '-d'] }))).stdout.trim();
      await collect(
        run(session, { argv: ['sh', '-c', 'mkdir a b; seq 20000 > a/numbers; ln -s numbers a/link'], cwd: directory }),
      );
      await copyIntoGuest(
        executor(session),
        `${directory}/b`,
        await copyFromGuest(executor(session), `${directory}/a`),
      );
      const check = 'cmp a/numbers b/a/numbers && readlink b/a/link';
      const result = await collect(run(session, { argv: ['sh', '-c', check], cwd: directory }));
      expect(result).toEqual({ stdout: 'numbers\n', stderr: '', code: 0 });
      await collect(run(session, { argv: ['rm', '-r', directory] }));
    });

    it('says what could not be copied', async () => {
      const tar = await copyFromGuest(executor(session), '/no/such/file');
      await expect(countBytes(tar)).rejects.toMatchObject({ code: 'NotFound' });
      const source = await copyFromGuest(executor(session), '/etc/passwd');
      await expect(copyIntoGuest(executor(session), '/no/such/place', source)).rejects.toMatchObject({
        code: 'NotFound',
      });
    });

    it('counts what the guest uses', async () => {
      const before = await session.stats();
      await collect(run(session, { argv: ['sh', '-c', 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done'] }));
      const after = await session.stats();
      expect(after.cpuMicros).toBeGreaterThan(before.cpuMicros);
      expect(after.memoryTotal).toBeGreaterThan(after.memoryAvailable);
      expect(after.processes).toBeGreaterThan(1);
      await expect(session.stats('no/such/group')).rejects.toMatchObject({ code: 'NotFound' });
    });

    it('takes randomness, but not too much of it', async () => {
      await session.entropy(createPattern(32, 9));
      await expect(session.entropy(createPattern(513, 9))).rejects.toMatchObject({ code: 'InvalidArgument' });
    });

    it('hangs up the programs of a session when the next begins', async () => {
      const old = newSession(agent.transport);
      session.dispose();
      await old.hello(helloMs);
      const process = run(old, { argv: ['sh', '-c', 'echo $$; exec sleep 1000'] });
      const pid = await readLines(process).next();
      session = newSession(agent.transport);
      old.dispose();
      await session.hello(helloMs);
      await expect(process.exited).rejects.toMatchObject({ code: 'Canceled' });
      const wait = `while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done; echo gone`;
      expect((await collect(run(session, { argv: ['sh', '-c', wait] }))).stdout).toBe('gone\n');
    });

    it('begins anew in the middle of a flood', async () => {
      const flood = run(session, { argv: ['yes'] }).stdout.getReader();
      for (let count = 0; count < 20; count += 1) await flood.read();
      session.dispose();
      session = newSession(agent.transport);
      await session.hello(helloMs);
      expect(await session.ping(createPattern(10, 1))).toEqual(createPattern(10, 1));
    });

    it.each([1, 5, 11, 12, 13, 400, 1011, 1014])(
      'finds a new host after a message that was cut at byte %d',
      async (cut) => {
        session.dispose();
        const ping = serializeMessage({ kind: 'ping', stream: 9, bytes: createPattern(1000, 5) });
        agent.transport.send(ping.subarray(0, cut));
        session = newSession(agent.transport);
        await session.hello(helloMs);
        expect(await session.ping(createPattern(10, 1))).toEqual(createPattern(10, 1));
      },
    );

    it('does nothing that was cut and completed by another host', async () => {
      const marker = (await collect(run(session, { argv: ['mktemp', '-u'] }))).stdout.trim();
      session.dispose();
      const program = { argv: ['touch', marker], env: [], cwd: '/', uid: 0, gid: 0 };
      const exec = serializeMessage({ kind: 'exec', stream: 7, program });
      agent.transport.send(exec.subarray(0, exec.length - 4));
      session = newSession(agent.transport);
      await session.hello(helloMs);
      expect((await collect(run(session, { argv: ['test', '-e', marker] }))).code).toBe(1);
    });

    if (options.mayConfigure) configuring(() => session);
  });
}

/** What changes the machine that the agent runs on. */
function configuring(session: () => AgentSession): void {
  const network = {
    mac: Uint8Array.of(2, 0, 0, 0, 0x12, 0x34),
    mtu: 1400,
    up: true,
    addresses: [
      { address: '10.9.0.5', prefix: 24 },
      { address: 'fd00::5', prefix: 64 },
    ],
    routes: [
      { destination: { address: '0.0.0.0', prefix: 0 }, gateway: '10.9.0.1' },
      { destination: { address: '::', prefix: 0 }, gateway: 'fd00::1' },
    ],
    hostname: 'renamed',
    resolvConf: 'nameserver 10.9.0.1\n',
    hosts: '127.0.0.1 localhost\n10.9.0.5 renamed\n',
  };
  const show = 'hostname; ip addr show eth0; ip route; ip -6 route; cat /etc/resolv.conf /etc/hosts';

  it('sets identity: randomness, clock, names and network', async () => {
    const micros = Date.UTC(2031, 4, 6, 7, 8, 9) * 1000;
    await session().identity({ micros, entropy: createPattern(32, 2), network });
    const { stdout } = await collect(run(session(), { argv: ['sh', '-c', `date -u +%Y-%m-%dT%H:%M; ${show}`] }));
    expect(stdout).toContain('2031-05-06T07:08');
    for (const part of ['renamed', '02:00:00:00:12:34', 'mtu 1400', '10.9.0.5/24', 'fd00::5/64'])
      expect(stdout).toContain(part);
    expect(stdout).toMatch(/default via 10\.9\.0\.1 dev eth0/);
    expect(stdout).toMatch(/default via fd00::1 dev eth0/);
    expect(stdout).toContain('nameserver 10.9.0.1');
    await session().clock(Date.now() * 1000);
  });

  it('replaces the network that was there', async () => {
    await session().network(network);
    const addresses = [{ address: '10.8.0.7', prefix: 16 }];
    await session().network({ up: true, addresses, routes: [] });
    const { stdout } = await collect(run(session(), { argv: ['sh', '-c', show] }));
    expect(stdout).toContain('10.8.0.7/16');
    for (const gone of ['10.9.0.5/24', 'fd00::5/64', 'default via']) expect(stdout).not.toContain(gone);
  });

  it('names what it could not set', async () => {
    const missing = session().network({ interface: 'nope0', up: true, addresses: [], routes: [] });
    await expect(missing).rejects.toMatchObject({ code: 'NotFound', message: expect.stringContaining('interface') });
    const bad = session().network({
      up: true,
      addresses: [],
      routes: [{ destination: { address: '9.9.9.0', prefix: 24 }, gateway: '8.8.8.8' }],
    });
    await expect(bad).rejects.toMatchObject({ message: expect.stringContaining('route') });
  });

  it('resizes the console', async () => {
    await session().resizeConsole({ columns: 133, rows: 37 });
    const { stdout } = await collect(
      run(session(), { argv: ['sh', '-c', 'stty size < /dev/hvc0 || stty size < /dev/ttyS0'] }),
    );
    expect(stdout).toBe('37 133\n');
  });

  it('fills free memory with zeros and gives it back', async () => {
    expect(await session().trim()).toBeGreaterThan(4 << 20);
    expect((await collect(run(session(), { argv: ['echo', 'alive'] }))).stdout).toBe('alive\n');
  }, 60_000);
}

/** What runs over a session of the agent; the driver gives it its name. */
type Program = Omit<Process, 'id'>;

function newSession(transport: AgentTransport): AgentSession {
  return new AgentSession(transport, {
    clock: systemClock,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
}

function run(session: AgentSession, spec: AgentExecSpec): Program {
  const { ports, process } = openExec(new AbortController().signal);
  session.exec(spec, ports);
  return process;
}

const executor = (session: AgentSession) => ({ exec: (spec: AgentExecSpec) => ({ ...run(session, spec), id: '1' }) });

async function collect(process: Program): Promise<{ stdout: string; stderr: string; code: number }> {
  const [stdout, stderr] = await Promise.all([readText(process.stdout), readText(process.stderr)]);
  return { stdout, stderr, code: await process.exited };
}

async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new TextDecoder().decode(concatBytes(parts));
}

async function countBytes(stream: ReadableStream<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const part of stream) count += part.length;
  return count;
}

async function write(process: Program, text: string): Promise<void> {
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

function readLines(process: Program): { next(): Promise<string | undefined> } {
  const reader = process.stdout.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    async next() {
      while (!text.includes('\n')) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
      }
      const [line, ...rest] = text.split('\n');
      text = rest.join('\n');
      return line?.replace(/\r$/, '');
    },
  };
}

const pieceBytes = 1 << 16;

/** Bytes that differ from place to place, so that what is moved or lost shows. */
function createPattern(count: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  let state = (seed + 1) * 2654435761;
  for (let index = 0; index < count; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Each piece is the same noise with its number at the front. */
function createPiece(noise: Uint8Array, number: number): Uint8Array<ArrayBuffer> {
  const piece = new Uint8Array(noise);
  new DataView(piece.buffer).setUint32(0, number);
  return piece;
}

async function feed(process: Program, total: number): Promise<void> {
  const noise = createPattern(pieceBytes, 7);
  const writer = process.stdin.getWriter();
  for (let number = 0; number * pieceBytes < total; number += 1) {
    await writer.write(createPiece(noise, number).subarray(0, total - number * pieceBytes));
  }
  await writer.close();
}

async function expectPattern(process: Program, total: number): Promise<void> {
  const noise = createPattern(pieceBytes, 7);
  let expected = createPiece(noise, 0);
  let seen = 0;
  for await (const part of process.stdout) {
    for (let offset = 0; offset < part.length; ) {
      const at = seen % pieceBytes;
      if (at === 0) expected = createPiece(noise, seen / pieceBytes);
      const count = Math.min(pieceBytes - at, part.length - offset);
      const same = Buffer.compare(part.subarray(offset, offset + count), expected.subarray(at, at + count)) === 0;
      if (!same) throw new Error(`Wrong bytes between ${seen} and ${seen + count}`);
      seen += count;
      offset += count;
    }
  }
  expect(seen).toBe(total);
}
