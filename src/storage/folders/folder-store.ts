import type { FolderClient, FolderInfo, FolderService } from '../../api/shared-folder';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { transfer } from '../../rpc/control';
import { serveFolderPort } from '../../rpc/folder-port';
import type { FolderBackend } from './folder-backend';
import type { FolderName } from './folder-records';
import { emptyFolder } from './folder-tree';
import { OpenFolder } from './open-folder';

/** What a folder may take unless it is said, bytes. */
const usualQuotaBytes = 1024 * 1024 * 1024;

/** What can be a name of a directory in every guest, and no path. */
const nameForm = /^[A-Za-z0-9][\w.-]{0,62}$/;

/** The shared folders of the lab. */
export class FolderStore implements FolderService {
  readonly #backend: FolderBackend;
  readonly #clock: Clock;
  /** Folders are made one after the other. */
  #making: Promise<unknown> = Promise.resolve();
  readonly #open = new Map<FolderName, Promise<OpenFolder>>();

  constructor(backend: FolderBackend, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  /** In the order of their names. */
  async list(session: string): Promise<readonly FolderInfo[]> {
    const folders = await Promise.all(
      [...(await this.#backend.list()).keys()].map((name) => this.#load(name, session)),
    );
    return folders.map(({ name, quotaBytes, usedBytes, files }) => ({ name, quotaBytes, usedBytes, files: files - 1 }));
  }

  /** `InvalidArgument` for what is no name, `AlreadyExists`. */
  async create(
    name: FolderName,
    { quotaBytes = usualQuotaBytes }: { readonly quotaBytes?: number } = {},
  ): Promise<void> {
    if (!nameForm.test(name)) {
      const message = `A shared folder's name has 1 to 63 letters, digits, ".", "-" or "_": ${JSON.stringify(name)}`;
      throw new SandboxError('InvalidArgument', message);
    }
    const making = this.#making.then(() => this.#make(name, quotaBytes));
    this.#making = making.catch(() => {});
    await making;
  }

  async #make(name: FolderName, quotaBytes: number): Promise<void> {
    if ((await this.#backend.list()).has(name)) {
      throw new SandboxError('AlreadyExists', `There is a shared folder of this name: ${name}`);
    }
    const { head, nodes } = emptyFolder(quotaBytes, this.#clock.now());
    const none = { entries: new Map(), answers: new Map(), chunks: [] };
    await this.#backend.write(name, { head, nodes, ...none }, true);
  }

  /** `NotFound`; `ResourceExhausted` where its files take more already. */
  async setQuota(name: FolderName, session: string, quotaBytes: number): Promise<void> {
    await (await this.#load(name, session)).setQuota(quotaBytes);
  }

  /** With all that is in it. `FailedPrecondition` while anybody has it open. */
  async remove(name: FolderName): Promise<void> {
    const open = await this.#open.get(name);
    if (open && open.clients > 0) {
      throw new SandboxError(
        'FailedPrecondition',
        `The shared folder ${name} is in use; stop the machines that have it`,
      );
    }
    this.#open.delete(name);
    await open?.close();
    await this.#backend.remove(name);
  }

  /** The end of a folder port (rpc/folder-port.ts), which moves to the caller; the client may have had one before. `NotFound`. */
  async open(name: FolderName, client: FolderClient): Promise<MessagePort> {
    const target = (await this.#load(name, client.session)).join(client);
    const { port1, port2 } = new MessageChannel();
    serveFolderPort(port1, target);
    return transfer(port2, [port2]);
  }

  /** The client does not come back. */
  async leave(name: FolderName, client: FolderClient): Promise<void> {
    (await this.#open.get(name))?.leave(client);
  }

  /** Resolves when everything is written. */
  async dispose(): Promise<void> {
    for (const folder of this.#open.values()) await (await folder.catch(() => undefined))?.close();
    this.#open.clear();
  }

  #load(name: FolderName, session: string): Promise<OpenFolder> {
    const known = this.#open.get(name);
    if (known) return known;
    const loading = OpenFolder.load(name, this.#backend, this.#clock, session);
    this.#open.set(name, loading);
    loading.catch(() => this.#open.delete(name));
    return loading;
  }
}
