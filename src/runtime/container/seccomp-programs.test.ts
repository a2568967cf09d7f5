import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import type { RuntimeCall } from './runtime-protocol';
import { SeccompPrograms } from './seccomp-programs';

const profile = (defaultAction = 'SCMP_ACT_ERRNO') => ({ defaultAction });

/** A runtime that has directories, and refuses what it is told to. */
function setUp(there = new Set<string>()) {
  const compiled: string[] = [];
  const runtime = {
    refusal: undefined as SandboxError | undefined,
    call: async (call: RuntimeCall, { path = '' }: Readonly<Record<string, unknown>> = {}): Promise<unknown> => {
      const at = String(path);
      if (call === 'bundle') there.add(at);
      else if (call === 'seccomp') {
        if (runtime.refusal) throw runtime.refusal;
        compiled.push(at);
      } else if (call === 'usage' && !there.has(at))
        throw new SandboxError('NotFound', `${at}: No such file or directory`);
      return {};
    },
  };
  return { runtime, compiled, there, programs: new SeccompPrograms(runtime) };
}

describe('the seccomp programs of a host', () => {
  it('are compiled once for each profile, whoever asks and however often', async () => {
    const { programs, compiled } = setUp();
    const [first, again] = await Promise.all([programs.pathOf(profile()), programs.pathOf(profile())]);
    expect(first).toMatch(/^\/run\/strata\/seccomp\/[0-9a-f]{64}\/program$/);
    expect(again).toBe(first);
    expect(await programs.pathOf(profile('SCMP_ACT_KILL'))).not.toBe(first);
    expect(compiled).toHaveLength(2);
  });

  it('are found by the next page', async () => {
    const before = setUp();
    const path = await before.programs.pathOf(profile());
    const { programs, compiled } = setUp(before.there);
    expect(await programs.pathOf(profile())).toBe(path);
    expect(compiled).toEqual([]);
  });

  it('are not there for what the runtime refuses, and asked for again when it was away', async () => {
    const { programs, runtime } = setUp();
    runtime.refusal = new SandboxError('Unavailable', 'The container runtime of the host does not run');
    await expect(programs.pathOf(profile())).rejects.toMatchObject({ code: 'Unavailable' });
    runtime.refusal = new SandboxError('InvalidArgument', 'seccomp: unknown action SCMP_ACT_WHAT');
    expect(await programs.pathOf(profile())).toBeUndefined();
  });
});
