import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import type { ContainerSummary } from '../../../api/container';
import type { ContainerKernel } from '../../../api/container-kernel';
import type { OutputChunk } from '../../../api/container-streams';
import { SandboxError } from '../../../base/errors';
import type { ContainerShelf } from '../../containers/container-shelf';
import { axeProblems } from '../../elements/axe-problems';
import '../../styles/tokens.css';
import { containerText } from '../../text/containers';
import { ContainerKernelView } from './container-kernel';

const words = containerText.kernel;

/** What the kernel of the host says. */
const kernel: ContainerKernel = {
  pid: 40,
  namespaces: [{ kind: 'net', inside: 7, host: 8 }],
  user: { uid: [0], gid: [0], uidMap: [] },
  capabilities: { effective: ['CAP_CHOWN'], permitted: [], inheritable: [], bounding: ['CAP_CHOWN'], ambient: [] },
  noNewPrivileges: false,
  seccomp: { mode: 'filter', filters: 1 },
  cgroup: { path: '/strata/x', files: {} },
  mounts: [{ source: 'overlay', target: '/', type: 'overlay', options: 'rw,lowerdir=/layers/a' }],
  interfaces: [],
};

let view: ContainerKernelView;
let looks: number;
let starting: () => Promise<string>;

/** An engine whose container answers so. */
function shelf(): ContainerShelf {
  const output = (text: string) =>
    new ReadableStream<OutputChunk>({
      start(controller) {
        controller.enqueue({ stream: 'stdout', bytes: new TextEncoder().encode(text) as Uint8Array<ArrayBuffer> });
        controller.close();
      },
    });
  const execs = {
    async create() {
      looks += 1;
      return { Id: 'x' };
    },
    start: async () => ({ tty: false, output: output(await starting()) }),
  };
  const top = {
    Titles: ['PID', 'CMD'],
    Processes: Array.from({ length: 60 }, (_, at) => [`${at}`, `sleep ${at} ${looks}`]),
  };
  return { engine: { execs }, kernel: async () => kernel, processes: async () => top } as never;
}

/** Answers to all questions, in their order. */
function answers(): string {
  const status = 'CapEff:\t0000000000000001\nCapBnd:\t0000000000000003\nSeccomp:\t2\nNoNewPrivs:\t0\n';
  const mounts = '1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 /null /proc/kcore rw - devtmpfs d rw';
  const all = [`name ${looks}`, 'ps', 'addr', mounts, '0::/', 'uid=0', '', status, 'l net -> net:[7]'];
  return all.map((each) => `${each}\n\x1e`).join('');
}

const cells = (what: string): readonly (string | undefined)[] => {
  const rows = [...(view.shadowRoot?.querySelectorAll('tbody tr') ?? [])];
  const row = rows.find((each) => each.querySelector('th')?.textContent === what);
  return [...(row?.querySelectorAll('td') ?? [])].map((cell) => cell.textContent?.trim().replace(/\s+/g, ' '));
};

beforeEach(() => {
  looks = 0;
  starting = async () => answers();
  document.title = 'Strata';
  document.documentElement.lang = 'en';
  view = new ContainerKernelView();
  view.shelf = shelf();
  view.container = { Id: 'x', State: 'running', Mounts: [] } as unknown as ContainerSummary;
  view.now = 10_000;
  document.body.append(view);
});
afterEach(() => view.remove());

it('has rights, mounts and namespaces from both sides', async () => {
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 1'));
  expect(cells(words.mounts)).toEqual([`/ overlay rw${words.masked('/proc/kcore')}`, '/ overlay rw']);
  expect(cells(words.capabilities)).toEqual([
    `${words.capabilityCount(2)}CAP_CHOWN`,
    `${words.capabilityCount(1)}CAP_CHOWN`,
  ]);
  expect(cells(words.seccomp)).toEqual([words.seccompModes.filter, words.seccompModes.filter]);
  expect(cells(words.namespaces)).toEqual(['net:[7]', `net:[7] ${words.own}`]);
  expect(await axeProblems(view)).toEqual([]);
});

it('has room for both sides in a narrow window', async () => {
  await page.viewport(390, 844);
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 1'));
  for (const cell of view.shadowRoot?.querySelectorAll('tbody td') ?? [])
    expect(cell.getBoundingClientRect().width).toBeGreaterThan(150);
  expect(await axeProblems(view)).toEqual([]);
});

it('looks again by itself while it is seen, and leaves the focus and the place where they are', async () => {
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 1'));
  const table = view.shadowRoot?.querySelector<HTMLElement>('td:last-child pre.table');
  if (!table) throw new Error('There is no table of processes');
  table.style.height = '40px';
  table.style.overflow = 'auto';
  table.focus();
  table.scrollTop = 100;
  view.now += 1000;
  await view.updateComplete;
  expect(looks).toBe(1);
  view.now += 5000;
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 2'));
  expect(view.shadowRoot?.activeElement).toBe(table);
  expect(table.scrollTop).toBe(100);
  view.style.display = 'none';
  view.now += 5000;
  await view.updateComplete;
  view.style.display = '';
  view.now += 1;
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 3'));
});

it('does not ask while it waits for an answer', async () => {
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 1'));
  let answer: (text: string) => void = () => {};
  starting = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  for (let round = 0; round < 3; round += 1) {
    view.now += 5000;
    await view.updateComplete;
  }
  expect(looks).toBe(2);
  answer(answers());
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 2'));
});

it('says of an image without a shell that nobody is there to be asked, once, beside what the kernel says', async () => {
  await vi.waitFor(() => expect(cells(words.hostname)[0]).toBe('name 1'));
  starting = async () => {
    throw new SandboxError('InvalidArgument', 'exec: "/bin/sh": no such file', { details: { exitCode: 127 } });
  };
  view.now += 5000;
  await vi.waitFor(() => expect(cells(words.processes)[0]).toBe(words.nobody));
  expect(cells(words.cgroup)).toEqual(['/strata/x']);
  expect(view.shadowRoot?.textContent?.split(words.nobody)).toHaveLength(2);
});
