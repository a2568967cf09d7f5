import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostConfig } from '../../src/api/container';
import type { LabContainers } from '../../src/engine/containers/engine';
import { hasHostPrograms, textReader } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { shell } from '../support/node-lab';
import { execContainer, runContainer, startContainer } from '../support/run-container';

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

const mebibyte = 1024 ** 2;
const rounds = 10;

/** Containers that take what they can get of one host, and one beside them that answers. */
describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('on a crowded host', { timeout: guardMs }, () => {
  let made: EngineLab;
  let engine: LabContainers;
  let neighbour: Neighbour;

  beforeAll(async () => {
    made = await createEngineLab();
    engine = made.engine;
    neighbour = await startNeighbour();
  }, guardMs);
  afterAll(() => made.dispose(), guardMs);

  interface Neighbour {
    readonly id: string;
    /** One request and its answer. */
    ask(word: string): Promise<void>;
  }

  /** Answers every line, and keeps it in a volume. */
  async function startNeighbour(): Promise<Neighbour> {
    const { Id: id } = await engine.containers.create({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'while read -r line; do echo $line >> /kept/lines; echo got $line; done'],
      OpenStdin: true,
      HostConfig: { Binds: ['kept:/kept'] },
    });
    const { output, input } = await engine.containers.attach(id, { stream: true, stdin: true, stdout: true });
    await engine.containers.start(id);
    const stdout = output.pipeThrough(
      new TransformStream<{ readonly bytes: Uint8Array<ArrayBuffer> }, Uint8Array<ArrayBuffer>>({
        transform: ({ bytes }, controller) => controller.enqueue(bytes),
      }),
    );
    const reader = textReader({ stdout });
    const writer = input?.getWriter();
    return {
      id,
      async ask(word) {
        await writer?.write(new TextEncoder().encode(`${word}\n`));
        await reader.until(`got ${word}\n`);
      },
    };
  }

  const ask = async (what: string): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) await neighbour.ask(`${what}-${round}`);
  };

  /** A number of a file of a container's cgroup, as the host's kernel has it. */
  async function counted(id: string, file: string, name: string): Promise<number> {
    const guest = made.lab.instance(engine.hosts.hosts[0]?.instance ?? '');
    const { stdout } = await shell(guest, `cat /sys/fs/cgroup/docker/${id}/${file}`);
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stdout)?.[1]);
  }

  const hogs: readonly (readonly [what: string, script: string, HostConfig, file: string, name: string])[] = [
    [
      'a fork bomb',
      'while :; do sh -c "while :; do sleep 3 & done" 2> /dev/null; done',
      { PidsLimit: 30 },
      'pids.events',
      'max',
    ],
    [
      'a memory hog',
      'while :; do dd if=/dev/zero of=/dev/null bs=40M count=1 2> /dev/null; done',
      { Memory: 8 * mebibyte, MemorySwap: 8 * mebibyte },
      'memory.events',
      'oom_kill',
    ],
    ['a busy loop', 'while :; do :; done', {}, 'cpu.stat', 'usage_usec'],
  ];

  it('a neighbour answers every request while a fork bomb, a memory hog and a busy loop go on', async () => {
    const running = [];
    for (const [, script, HostConfig, file, name] of hogs) {
      const id = await startContainer(engine, { Cmd: ['sh', '-c', script], HostConfig });
      running.push({ id, file, name });
    }
    const before = await Promise.all(running.map(({ id, file, name }) => counted(id, file, name)));
    // Each has come to its limit, and goes on to, while the neighbour is asked.
    for (;;) {
      await ask('crowded');
      const now = await Promise.all(running.map(({ id, file, name }) => counted(id, file, name)));
      if (now.every((count, at) => count > (before[at] ?? 0) && count > 0)) break;
    }
    for (const { id } of running) {
      expect((await engine.containers.inspect(id)).State.Running).toBe(true);
      await engine.containers.remove(id, { force: true });
    }
    await ask('alone');
  });

  it('one that takes all of the host’s memory is ended and told, and nothing else is', async () => {
    const { id, code } = await runContainer(engine, ['tail', '/dev/zero']);
    expect(code).toBe(137);
    expect((await engine.containers.inspect(id)).State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
    await engine.containers.remove(id);
    await ask('after-memory');
    expect((await runContainer(engine, ['echo', 'well'])).out).toBe('well\n');
  });

  it('a full disk is a typed error, and what was kept before is there after', async () => {
    const filler = await startContainer(engine);
    const { out } = await execContainer(engine, filler, 'dd if=/dev/zero of=/full bs=64k 2>&1; ls -d /full');
    expect(out).toMatch(/No space left on device[\s\S]*\/full\n$/);
    const full = { code: 'ResourceExhausted', message: expect.stringContaining('No space left on device') };
    const big = await packTar([
      { header: { name: 'big', size: mebibyte, mode: 0o644 }, body: new Uint8Array(mebibyte) },
    ]);
    const copied = engine.containers.copyIn(filler, '/', new Blob([new Uint8Array(big)]).stream());
    await expect(copied).rejects.toMatchObject(full);
    const { Id: another } = await engine.containers.create({ Image: 'busybox', Cmd: ['echo', 'late'] });
    await expect(engine.containers.start(another)).rejects.toMatchObject(full);
    expect((await engine.containers.inspect(another)).State).toMatchObject({ Status: 'created', ExitCode: 128 });
    // Who writes nothing goes on.
    expect((await execContainer(engine, neighbour.id, 'wc -l < /kept/lines')).out.trim()).toMatch(/^\d+$/);
    await engine.containers.remove(filler, { force: true });
    const { ended } = await engine.containers.wait(another, 'next-exit');
    await engine.containers.start(another);
    expect(await ended).toEqual({ StatusCode: 0 });
    await ask('after-disk');
    const lines = (await execContainer(engine, neighbour.id, 'sort -u /kept/lines | wc -l')).out.trim();
    expect(Number(lines)).toBe(rounds * 4);
  });
});
