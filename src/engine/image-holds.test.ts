import { expect, it } from 'vitest';
import type { ImageUser } from '../api/image-summary';
import { ImageHolds, type LabImages } from './image-holds';

const image = `sha256:${'a'.repeat(64)}` as const;
const user = (id: string): ImageUser => ({ id, name: id, image });

function bench() {
  const held = new Set<string>();
  const calls: string[] = [];
  let users: readonly ImageUser[] = [];
  let fails = false;
  const images: Pick<LabImages, 'hold' | 'retainHolds'> = {
    async hold({ id }) {
      calls.push(`hold ${id}`);
      if (fails) throw new Error('The store has ended');
      held.add(id);
    },
    async retainHolds(ids) {
      calls.push('retain');
      for (const id of [...held]) if (!ids.includes(id)) held.delete(id);
    },
  };
  const holds = new ImageHolds({ images: async () => images, users: () => users });
  return {
    held,
    calls,
    setFails: (value: boolean) => {
      fails = value;
    },
    set: (...now: readonly string[]) => {
      users = now.map(user);
      return holds.follow();
    },
  };
}

it('asks nothing while nobody needs an image', async () => {
  const { calls, set } = bench();
  await set();
  expect(calls).toEqual([]);
});

it('holds what is needed, and lets go of it with the last who needs it', async () => {
  const { held, set } = bench();
  await set('a');
  await set('a', 'b');
  expect([...held]).toEqual(['a', 'b']);
  await set('b');
  expect([...held]).toEqual(['b']);
  await set();
  expect([...held]).toEqual([]);
});

it('tells the last of several changes at once last, and says it again when it was not heard', async () => {
  const { held, set, setFails } = bench();
  await Promise.all([set('a'), set('a', 'b'), set('c')]);
  expect([...held]).toEqual(['c']);
  setFails(true);
  await expect(set('c', 'd')).rejects.toThrow('The store has ended');
  setFails(false);
  await set('c', 'd');
  expect([...held]).toEqual(['c', 'd']);
});

it('lets go of all when nobody needs any more what it could not tell of', async () => {
  const { held, set, setFails } = bench();
  await set('a');
  setFails(true);
  await expect(set('a', 'b')).rejects.toThrow('The store has ended');
  setFails(false);
  await set();
  expect([...held]).toEqual([]);
});

it('tells what is new and what has gone, not all that there is', async () => {
  const { calls, set } = bench();
  await set('a', 'b');
  calls.length = 0;
  await set('a', 'b', 'c');
  expect(calls).toEqual(['hold c']);
  calls.length = 0;
  await set('a', 'c');
  expect(calls).toEqual(['retain']);
});
