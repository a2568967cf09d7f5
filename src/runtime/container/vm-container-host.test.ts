import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../api/container-host';
import type { ExecSpec, Instance, Program } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { FakeClock } from '../../base/fake-clock';
import { rehearsedPort } from './host-rehearsal';
import type { HostPrograms } from './host-setup';
import { warmUpId } from './host-warm-up';
import { portName } from './port-guard';
import { type HeldProcess, holdProcess } from './process-fixture';
import { VmContainerHost } from './vm-container-host';

const turns = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const containerOf = (id: string): ContainerSpec => ({
  id,
  root: { layers: [], writable: 'disk' },
  mounts: [],
  nics: [],
  config: { ociVersion: '1.0.2', process: { user: { uid: 0, gid: 0 }, args: ['true'], env: [], cwd: '/' } },
});

interface Call {
  readonly call: string;
  readonly path?: string;
  readonly container?: string;
}

interface GuestState {
  /** Containers that an earlier page has left running; absent: the guest is no host yet. */
  readonly running?: readonly string[];
  /** What it has in the list of guarded ports. */
  readonly guarded?: readonly string[];
  /** Of the runtime that it has: "none" where it has to be brought. */
  readonly version?: string;
}

/** A guest whose runtime does as it is told, and whose programs end at once but for those that a test holds. */
class ScriptedGuest {
  readonly calls: Call[] = [];
  readonly programs: (readonly string[])[] = [];
  /** Launchers, by the containers that they run. */
  readonly launched = new Map<string, HeldProcess>();
  phase = 'running';
  /** The runtime does not answer such calls until this resolves. */
  hold: { readonly call: string; readonly until: Promise<void> } | undefined;
  readonly #state: GuestState;
  #version: string;
  #serve: HeldProcess | undefined;

  constructor(state: GuestState) {
    this.#state = state;
    this.#version = state.version ?? '1.3.0';
  }

  get instance(): Instance {
    const guest = this;
    const programs = this.#state.running ? [{ id: 'old', argv: ['strata-oci', 'serve'], running: true }] : [];
    return {
      id: 'vm-1',
      spec: { kind: 'vm', name: 'host-1', nics: [{ network: 'default' }] },
      get state() {
        return { phase: guest.phase, since: 0 };
      },
      states: new Emitter().event,
      programs: async () => programs as readonly Program[],
      reattach: async () => ({ ...holdProcess().process, id: 'old' }),
      exec: async (spec: ExecSpec) => ({ ...this.#start(spec).process, id: 'new' }),
    } as unknown as Instance;
  }

  event(event: Readonly<Record<string, unknown>>): void {
    this.#serve?.say(`${JSON.stringify(event)}\n`);
  }

  /** The container ends, and its launcher with it. */
  end(id: string): void {
    this.event({ event: 'exited', container: id, code: 0, oomKilled: false, at: 0 });
    this.launched.get(id)?.end(0);
  }

  #start({ argv }: ExecSpec): HeldProcess {
    const held = holdProcess();
    this.programs.push(argv);
    const isBrought = argv.includes('strata-serve');
    if (isBrought) this.#version = '1.3.0';
    if (isBrought || argv.slice(0, 2).join(' ') === 'strata-oci host') {
      this.#serve = held;
      if (this.#version === 'none') held.end(127);
      else if (this.#version < '1.3.0') {
        held.complain('strata-oci: host is no command\n');
        held.end(125);
      } else void this.#answer(held);
    } else if (argv.includes('strata-oci')) {
      const id = argv.at(-1) ?? '';
      this.launched.set(id, held);
      this.event({ event: 'started', container: id, pid: 7 });
    } else {
      if (argv.at(-1) === '/run/strata/guarded-ports') {
        held.say(`\0${(this.#state.guarded ?? []).map((name) => `${name}\n`).join('')}\0`);
      }
      held.end(0);
    }
    return held;
  }

  async #answer(held: HeldProcess): Promise<void> {
    for (let line = 0; ; line += 1) {
      await held.told(line + 1);
      const { id, ...call } = JSON.parse(held.lines[line] ?? '');
      this.calls.push(call);
      const { hold } = this;
      if (hold && hold.call === call.call) await hold.until;
      const containers = (this.#state.running ?? []).map((each) => ({ id: each, status: 'running', pid: 5 }));
      const result = { protocol: 1, version: this.#version, containers, bytes: 0, files: 0 };
      held.say(`${JSON.stringify({ id, result })}\n`);
    }
  }
}

const noPrograms = async (): Promise<HostPrograms> => ({ runtime: new Uint8Array(), files: new Uint8Array() });

async function openHost(state: GuestState = {}, programs = noPrograms) {
  const guest = new ScriptedGuest(state);
  const clock = new FakeClock(0);
  const host = await VmContainerHost.open({
    instance: guest.instance,
    programs,
    offer: async () => [],
    plug: () => Promise.reject(new Error('No network is asked for')),
    clock,
    warmUp: { container: containerOf(warmUpId), runs: 2 },
  });
  const advance = async (ms: number): Promise<void> => {
    await turns();
    await clock.advance(ms);
    await turns();
  };
  await turns();
  return { guest, host, advance };
}

/** What a rehearsal may leave. */
const leftOver = [`/var/lib/strata/containers/${warmUpId}`, `/run/strata/bundles/${warmUpId}`];

describe('a host of containers that warms itself up', () => {
  it('does nothing for that while the first container is being started, however long that takes', async () => {
    const { guest, host, advance } = await openHost();
    const ready = createDeferred<void>();
    guest.hold = { call: 'bundle', until: ready.promise };
    const running = host.run(containerOf('web'));
    await advance(60_000);
    expect(guest.launched.size).toBe(0);
    ready.resolve();
    await running;
    await advance(60_000);
    expect([...guest.launched.keys()]).toEqual(['web']);
    guest.end('web');
    await advance(3000);
    expect([...guest.launched.keys()]).toEqual(['web', warmUpId]);
    host.dispose();
  });

  it('does nothing for that while a root is made', async () => {
    const { guest, host, advance } = await openHost();
    const ready = createDeferred<void>();
    guest.hold = { call: 'bundle', until: ready.promise };
    const made = host.createRoot('web', containerOf('web').root);
    await advance(60_000);
    guest.hold = undefined;
    ready.resolve();
    await made;
    await advance(1499);
    expect(guest.launched.size).toBe(0);
    await advance(1);
    expect([...guest.launched.keys()]).toEqual([warmUpId]);
    host.dispose();
  });

  it('takes away what a rehearsal had that failed by a pause of the host, and rehearses again after it', async () => {
    const { guest, host, advance } = await openHost();
    const removed = () => guest.calls.filter(({ call }) => call === 'remove').map(({ path }) => path);
    expect(removed()).toEqual(leftOver);
    const ready = createDeferred<void>();
    guest.hold = { call: 'bundle', until: ready.promise };
    await advance(1500);
    guest.phase = 'paused';
    ready.resolve();
    await advance(60_000);
    expect(guest.launched.size).toBe(0);
    expect(removed()).toEqual([...leftOver, ...leftOver]);
    guest.phase = 'running';
    await advance(3000);
    expect([...guest.launched.keys()]).toEqual([warmUpId]);
    guest.end(warmUpId);
    await turns();
    expect(removed()).toHaveLength(3 * leftOver.length);
    host.dispose();
  });

  it('ends and takes away a rehearsal that its machine was saved in the middle of, and tells nobody of it', async () => {
    const { guest, host, advance } = await openHost({
      running: ['web', warmUpId],
      guarded: [portName(rehearsedPort)],
    });
    expect([...(await host.running()).keys()]).toEqual(['web']);
    expect(guest.calls).toContainEqual({ call: 'kill', container: warmUpId, signal: 'SIGKILL' });
    const removed = guest.calls.filter(({ call }) => call === 'remove').map(({ path }) => path);
    expect(removed).toEqual(leftOver);
    expect(guest.programs.map((argv) => argv.slice(3))).toContainEqual(['warm-up-network', rehearsedPort.bridge]);
    expect(guest.calls.some(({ call }) => call === 'netlink')).toBe(true);
    const news: string[] = [];
    host.news(({ kind }) => news.push(kind));
    guest.end(warmUpId);
    await advance(0);
    expect(news).toEqual([]);
    host.dispose();
  });
});

describe('the runtime of a host of containers', () => {
  it('is told to fail by its own words where another cannot be had', async () => {
    const offline = () => Promise.reject(new SandboxError('Unavailable', 'Cannot fetch it'));
    await expect(openHost({ version: '1.2.0' }, offline)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/host is no command\. A newer one cannot be had: Cannot fetch it$/),
    });
  });

  const brought = (guest: ScriptedGuest) => guest.programs.filter((argv) => argv.includes('strata-serve')).length;

  it.each<[string, GuestState, number]>([
    ['a guest that has it', {}, 0],
    ['a guest that has none', { version: 'none' }, 1],
    ['a guest whose containers run by it', { running: ['web'] }, 0],
    ['a guest whose containers run by one from before 1.3', { running: ['web'], version: '1.2.0' }, 1],
  ])('is there or is brought: %s', async (_, state, times) => {
    const { guest, host } = await openHost(state);
    expect(brought(guest)).toBe(times);
    expect([...(await host.running()).keys()]).toEqual(state.running ?? []);
    host.dispose();
  });
});
