import { expect, it } from 'vitest';
import type { SharedFolders } from '../../api/shared-folder';
import { SandboxError } from '../../base/errors';
import { LabFiles } from './lab-files';

/** A lab whose folder cannot take a file, and reads nothing of it. */
const folders = {
  list: async () => [{ name: 'full' }],
  open: async () => ({
    find: async () => undefined,
    write: () => Promise.reject(new SandboxError('ResourceExhausted', 'no space left')),
    dispose: () => undefined,
  }),
} as unknown as SharedFolders;

it('fails what writes to a file that cannot be written, instead of letting it wait', async () => {
  const files = new LabFiles(folders);
  const writer = (await files.write('/full/a')).getWriter();
  writer.closed.catch(() => {});
  await expect(writer.write(new Uint8Array(100_000))).rejects.toThrow('no space left');
  const empty = await files.write('/full/b');
  await expect(empty.close()).rejects.toThrow('no space left');
  files.dispose();
});
