import { describe, expect, it } from 'vitest';
import type { ContainerInspect, ContainerSummary } from '../../api/container';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { settle } from '../../base/fake-clock';
import { PolicyWatch } from './policy-watch';

function engineOf(...ids: string[]) {
  const changed = new Emitter<readonly ContainerSummary[]>();
  const asked: string[] = [];
  let gate = Promise.resolve();
  const list = () => ids.map((Id) => ({ Id })) as unknown as readonly ContainerSummary[];
  const inspect = async (Id: string): Promise<ContainerInspect> => {
    asked.push(Id);
    await gate;
    if (!ids.includes(Id)) throw new SandboxError('NotFound', `No such container: ${Id}`);
    return { Id } as ContainerInspect;
  };
  return {
    asked,
    ids,
    change: () => changed.fire(list()),
    hold: (until: Promise<void>) => {
      gate = until;
    },
    engine: { changed: changed.event, list, containers: { inspect } } as never,
  };
}

describe('what the engine says of its containers', () => {
  it('is asked for at once and after each change', async () => {
    const { engine, ids, change } = engineOf('a');
    const watch = new PolicyWatch(engine);
    expect(watch.facts.value).toBeUndefined();
    await settle();
    expect(watch.facts.value).toEqual([{ Id: 'a' }]);
    ids.push('b');
    change();
    await settle();
    expect(watch.facts.value).toEqual([{ Id: 'a' }, { Id: 'b' }]);
  });

  it('is asked for once more, however much has changed during an answer', async () => {
    const { engine, asked, change, hold } = engineOf('a');
    const answer = createDeferred<void>();
    hold(answer.promise);
    const watch = new PolicyWatch(engine);
    for (let count = 0; count < 10; count += 1) change();
    answer.resolve();
    await settle();
    expect(asked).toEqual(['a', 'a']);
    watch.dispose();
    change();
    await settle();
    expect(asked).toHaveLength(2);
  });

  it('leaves out one that was removed meanwhile', async () => {
    const { engine, ids, hold } = engineOf('a', 'b');
    const answer = createDeferred<void>();
    hold(answer.promise);
    const watch = new PolicyWatch(engine);
    ids.splice(0, 1);
    answer.resolve();
    await settle();
    expect(watch.facts.value).toEqual([{ Id: 'b' }]);
  });
});
