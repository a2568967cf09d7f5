import { linuxErrno } from '../../formats/linux-errno';
import type { FileAccess, FileStat } from './file-access-fixture';
import { NineClient, NineError } from './nine-p-client-fixture';
import type { NineServer } from './nine-p-server';

const readOnly = 0;
const writeOnly = 1;
const allAttributes = 0x3fff;

/** Files through a client of ours. */
export async function mountNineP(server: NineServer, options: { readonly tree?: string } = {}): Promise<FileAccess> {
  const { client, root } = await NineClient.mount(server, options);
  const withFid = async <T>(path: string, use: (fid: number) => Promise<T>): Promise<T> => {
    const fid = await client.walk(root, path);
    try {
      return await use(fid);
    } finally {
      await client.clunk(fid);
    }
  };
  const withOpen = <T>(path: string, use: (fid: number) => Promise<T>): Promise<T> =>
    withFid(path, async (fid) => {
      await client.ask('lopen', { type: 'lopen', fid, flags: readOnly });
      return use(fid);
    });
  return {
    stat: (path) =>
      withFid(path, async (fid): Promise<FileStat> => {
        const found = await client.ask('getattr', { type: 'getattr', fid, mask: allAttributes });
        const { mode, uid, gid, links, size, mtime, qid, device } = found;
        const [major, minor] = [(device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00)];
        return { mode, uid, gid, links, size, mtime: mtime.seconds, inode: qid.path, major, minor };
      }),
    list: (path) => withOpen(path, async (fid) => (await client.readDirectory(fid)).map(({ name }) => name).sort()),
    read: (path) => withOpen(path, (fid) => client.readAll(fid)),
    readPart: (path, offset, count) =>
      withOpen(path, async (fid) => (await client.ask('read', { type: 'read', fid, offset, count })).data),
    readLink: (path) => withFid(path, async (fid) => (await client.ask('readlink', { type: 'readlink', fid })).target),
    async usage() {
      const { blocks, freeBlocks } = await client.ask('statfs', { type: 'statfs', fid: root });
      return { blocks, free: freeBlocks };
    },
    async refusal(path) {
      const [, directory = '', name = ''] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
      const fid = await client.walk(root, directory);
      const creating = client.ask('lcreate', { type: 'lcreate', fid, name, flags: writeOnly, mode: 0o644, gid: 0 });
      const error = await creating.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      await client.clunk(fid);
      return error instanceof NineError && error.errno === linuxErrno.EROFS ? 'Read-only file system' : String(error);
    },
  };
}
