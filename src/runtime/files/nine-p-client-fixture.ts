import { concatBytes } from '../../base/bytes';
import { parseReply, serializeRequest } from '../../formats/nine-p/codec';
import { type DirectoryEntry, parseDirectoryEntries } from '../../formats/nine-p/directory-entries';
import { noFid, noTag, type Reply, type ReplyOf, type ReplyType, type Request } from '../../formats/nine-p/messages';
import type { NineServer } from './nine-p-server';

/** What a server answered with `error`. */
export class NineError extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`9P error ${errno}`);
    this.errno = errno;
  }
}

/** A client of one server, for tests: requests as they are, and a few things that programs do by several of them. */
export class NineClient {
  readonly #server: NineServer;
  #lastTag = 0;
  #lastFid = 0;

  constructor(server: NineServer) {
    this.#server = server;
  }

  /** Agrees on the protocol and attaches; gives back the root's fid. */
  static async mount(server: NineServer, { msize = 512 * 1024, tree = '', uid = 0 } = {}) {
    const client = new NineClient(server);
    await client.ask('version', { type: 'version', msize, version: '9P2000.L' }, noTag);
    const root = client.newFid();
    await client.ask('attach', { type: 'attach', fid: root, authFid: noFid, user: 'root', tree, uid });
    return { client, root };
  }

  newFid(): number {
    this.#lastFid += 1;
    return this.#lastFid;
  }

  newTag(): number {
    this.#lastTag = (this.#lastTag + 1) % noTag;
    return this.#lastTag;
  }

  /** Throws a {@link NineError}. */
  async ask<Type extends ReplyType>(type: Type, message: Request, tag = this.newTag()): Promise<ReplyOf<Type>> {
    const reply = await this.send(message, tag);
    if (reply.type === 'error') throw new NineError(reply.errno);
    if (reply.type !== type) throw new Error(`A ${reply.type} in the place of a ${type}`);
    return reply as unknown as ReplyOf<Type>;
  }

  send(message: Request, tag = this.newTag()): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#server.serve(serializeRequest({ tag, message }), (pieces) => {
        try {
          const reply = parseReply(concatBytes(pieces));
          if (reply.tag !== tag) throw new Error(`A reply for ${reply.tag}, not ${tag}`);
          resolve(reply.message);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  /** A new fid for what a path leads to, in steps that fit. ENOENT. */
  async walk(from: number, path: string): Promise<number> {
    const names = path.split('/').filter((name) => name !== '');
    const fid = this.newFid();
    let at = from;
    for (let begin = 0; begin === 0 || begin < names.length; begin += 16) {
      const some = names.slice(begin, begin + 16);
      const { qids } = await this.ask('walk', { type: 'walk', fid: at, newFid: fid, names: some });
      if (qids.length < some.length) throw new NineError(2);
      at = fid;
    }
    return fid;
  }

  /** Everything in an open file or attribute. */
  async readAll(fid: number, count = 128 * 1024): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    for (let offset = 0; ; ) {
      const { data } = await this.ask('read', { type: 'read', fid, offset, count });
      if (data.length === 0) return concatBytes(parts);
      parts.push(data);
      offset += data.length;
    }
  }

  /** All entries of an open directory, asking for `count` bytes at a time. */
  async readDirectory(fid: number, count = 8192): Promise<readonly DirectoryEntry[]> {
    const entries: DirectoryEntry[] = [];
    for (let offset = 0; ; ) {
      const { data } = await this.ask('readdir', { type: 'readdir', fid, offset, count });
      if (data.length === 0) return entries;
      entries.push(...parseDirectoryEntries(data));
      offset = entries.at(-1)?.offset ?? 0;
    }
  }

  async clunk(fid: number): Promise<void> {
    await this.ask('clunk', { type: 'clunk', fid });
  }
}
