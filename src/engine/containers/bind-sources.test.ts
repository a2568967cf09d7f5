import { expect, it } from 'vitest';
import type { MountSpec } from '../../api/container';
import type { SharedFolders } from '../../api/shared-folder';
import { bindWarnings, checkBindSources } from './bind-sources';

/** A lab whose shared folder has one file, if it has that folder at all. */
const folders = (names: readonly string[]) => async () =>
  ({
    list: async () => names.map((name) => ({ name })),
    open: async () => ({ find: async (path: string) => (path === '/site' ? {} : undefined), dispose: () => undefined }),
  }) as unknown as SharedFolders;
const bind = (Source: string, more: Partial<MountSpec> = {}): MountSpec => ({
  Type: 'bind',
  Target: '/x',
  Source,
  ...more,
});

it('wants the source of a bind mount to be there, unless it is to be made', async () => {
  const there = folders(['shared']);
  await checkBindSources(
    [bind('/site/'), bind('/shared/site'), bind('/absent', { BindOptions: { CreateMountpoint: true } })],
    there,
  );
  await expect(checkBindSources([bind('/site'), bind('/absent')], there)).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: 'invalid mount config for type "bind": bind source path does not exist: /absent',
  });
  await expect(checkBindSources([bind('/shared/absent')], there)).rejects.toThrow('does not exist: /shared/absent');
  await expect(checkBindSources([bind('/site')], folders([]))).rejects.toThrow('does not exist: /site');
});

it('asks for no folder where nothing is bound by it', async () => {
  await checkBindSources([{ Type: 'volume', Target: '/x' }], () => Promise.reject(new Error('Not needed')));
});

it('tells clients on the machine beneath that nothing of its folders is here', async () => {
  const binds = ['/site:/x', '/home/me/app/:/app:ro', 'data:/data'];
  const [warning, ...others] = await bindWarnings(binds, folders(['shared']));
  expect(warning).toMatch(/^\/home\/me\/app is not in the lab's shared folder and is made there, empty: /);
  expect(others).toEqual([]);
});
