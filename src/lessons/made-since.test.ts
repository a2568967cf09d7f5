import { describe, expect, it } from 'vitest';
import { SandboxError } from '../base/errors';
import { madeSince, removeMade } from './made-since';
import type { LessonProgress } from './progress';

type ResetLab = Parameters<typeof madeSince>[0];

/** A lab of records alone: what is asked of it is remembered. */
function recordedLab() {
  const done: string[] = [];
  let records = [
    { id: 'a', name: 'mine', spec: { kind: 'vm', containerHost: false }, nics: [{ network: 'default' }] },
    { id: 'b', name: 'box', spec: { kind: 'vm', containerHost: false }, nics: [{ network: 'lesson' }] },
    { id: 'c', name: 'host-1', spec: { kind: 'vm', containerHost: true }, nics: [{ network: 'default' }] },
  ];
  const containers = {
    list: async () => [
      { Id: 'new', Names: ['/after'], Created: 101 },
      { Id: 'gone', Names: ['/gone'], Created: 102 },
    ],
    remove: async (id: string) => {
      if (id === 'gone') throw new SandboxError('NotFound', 'No such container: gone');
      done.push(`remove ${id}`);
    },
  };
  const lab = {
    list: () => records,
    containers: async () => ({ containers, placements: { hostOf: () => 'host-1' } }),
    discard: async (id: string) => {
      done.push(`discard ${id}`);
      records = records.filter((record) => record.id !== id);
    },
    networks: () => [{ name: 'default' }, { name: 'lesson' }],
    removeNetwork: async (name: string) => void done.push(`network ${name}`),
  } as unknown as ResetLab;
  return { lab, done };
}

const begun: LessonProgress = { passed: [], step: 0, startedAt: 100_500, before: ['a'] };
const scenario = {
  name: 'x',
  networks: [{ name: 'lesson', subnet: '10.1.0.0/24', mtu: 1500 }],
  instances: [],
  containers: [],
  publish: [],
};

describe('what was made since a lesson was begun', () => {
  it('is what was not there before, and is taken away with the networks that nobody is on', async () => {
    const { lab, done } = recordedLab();
    const made = await madeSince(lab, begun);
    expect(made.instances.map(({ name }) => name)).toEqual(['box', 'host-1']);
    expect(made.containers.map(({ name }) => name)).toEqual(['after', 'gone']);
    await removeMade(lab, made, scenario);
    expect(done).toEqual(['remove new', 'discard b', 'discard c', 'network lesson']);
  });

  it('is not what the lab of another lesson is', async () => {
    const { lab } = recordedLab();
    expect((await madeSince(lab, begun, ['b'])).instances.map(({ name }) => name)).toEqual(['host-1']);
  });

  it('is not what another lesson has made, nor the host that this is on', async () => {
    const { lab } = recordedLab();
    const made = await madeSince(lab, begun, ['new']);
    expect(made.containers.map(({ name }) => name)).toEqual(['gone']);
    expect(made.instances.map(({ name }) => name)).toEqual(['box']);
    expect(made.kept.map(({ name }) => name)).toEqual(['host-1']);
  });

  it('is not a container that is older, nor the host that this is on', async () => {
    const { lab } = recordedLab();
    const made = await madeSince(lab, { ...begun, startedAt: 102_500 });
    expect(made.containers.map(({ name }) => name)).toEqual(['gone']);
    expect(made.kept.map(({ name }) => name)).toEqual(['host-1']);
  });

  it('is nothing where it was not begun', async () => {
    const { lab } = recordedLab();
    expect(await madeSince(lab, { passed: [], step: 0 })).toEqual({ instances: [], containers: [], kept: [] });
  });
});
