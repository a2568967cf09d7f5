import type { Instance } from '../../src/api/instance';
import type { SeededRandom } from '../../src/base/seeded-random';
import { checkCommand, judgeFileSystem, mountVolume, wholeLines, writerCommand } from './crash-writer';
import type { KillableStore } from './killable-store';
import { shell, smallVm } from './node-lab';
import { templateMiB, type VolumeLab } from './volume-lab';

/** What is killed under the guest: its worker, or the store's and then its own. */
export type Victim = 'machine' | 'store';

export interface CrashReport {
  readonly kills: number;
  /** Files that were acknowledged, all of which were there afterwards. */
  readonly acknowledged: number;
}

/** Most acknowledgements that a round waits for. */
const mostLines = 12;

/**
 * A machine writes to an ext4 volume and is killed at any moment, again and again; each time what was acknowledged has
 * to be there, and the file system to be sound once its journal is replayed. Throws what is not so.
 */
export async function crashVolumes(
  { lab, nodes, store }: VolumeLab,
  victims: readonly Victim[],
  random: SeededRandom,
): Promise<CrashReport> {
  const volumes = await lab.volumes();
  const { id: volume } = await volumes.create({ sizeMiB: templateMiB, format: 'ext4' });
  const { id, name } = await lab.create({ ...smallVm, name: `crash-${volume.slice(0, 4)}`, disks: [{ volume }] });
  const rounds = new Map<number, readonly string[]>();
  let acknowledged = 0;
  for (const [round, victim] of victims.entries()) {
    await lab.start(id).finished;
    const vm = lab.instance(id);
    await expectOk(vm, mountVolume);
    const lines = await writeUntil(vm, round, 1 + random.below(mostLines), async () => {
      for (let turns = random.below(40); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
      const restarted = victim === 'store' ? killStore(store) : undefined;
      // The worker itself, behind the back of everybody: the newest is the machine's.
      nodes.endWorker(nodes.newestWorker());
      await restarted;
    });
    if (lines.length === 0) throw new Error(`${name} was killed before it had written anything`);
    rounds.set(round, lines);
    acknowledged += lines.length;
    const { stream } = await volumes.export(volume, 'raw');
    await judgeFileSystem(new Uint8Array(await new Response(stream).arrayBuffer()));
    await lab.start(id).finished;
    const again = lab.instance(id);
    await expectOk(again, mountVolume);
    await expectOk(again, 'dmesg | grep -q "EXT4-fs (vda): recovery complete"');
    const found = Number(await expectOk(again, checkCommand(rounds)));
    if (found < acknowledged) throw new Error(`${found} files are there, ${acknowledged} were acknowledged`);
    await expectOk(again, 'cd /; umount /tmp/volume; ! dmesg | grep -iE "I/O error|EXT4-fs error"');
    await lab.kill(id).finished;
  }
  await volumes.detach(volume);
  return { kills: victims.length, acknowledged };
}

/** Resolves when it is back. */
function killStore(store: KillableStore): Promise<void> {
  return new Promise((resolve) => {
    const listening = store.events(({ kind }) => {
      if (kind !== 'opened') return;
      listening.dispose();
      resolve();
    });
    store.kill();
  });
}

/** What the guest acknowledged before it ended, which it does some time after so many lines. */
async function writeUntil(
  vm: Instance,
  round: number,
  count: number,
  kill: () => Promise<void>,
): Promise<readonly string[]> {
  const process = await vm.exec({ argv: ['/bin/sh', '-c', writerCommand(round)] });
  process.exited.catch(() => {});
  const ended = new Promise<void>((resolve) => {
    const listening = vm.states(({ phase }) => {
      if (phase !== 'failed' && phase !== 'stopped') return;
      listening.dispose();
      resolve();
    });
  });
  let text = '';
  let killing: Promise<void> | undefined;
  const decoder = new TextDecoder();
  const reader = process.stdout.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      if (wholeLines(text).length >= count) killing ??= kill();
    }
  } catch {
    // Its machine has ended.
  }
  if (!killing) throw new Error(`The writer ended by itself: ${text}`);
  await killing;
  await ended;
  return wholeLines(text);
}

async function expectOk(vm: Instance, command: string): Promise<string> {
  const { code, stdout, stderr } = await shell(vm, command);
  if (code !== 0) throw new Error(`"${command}" ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}
