import type { FolderInfo, FolderService, SharedFolder, SharedFolders } from '../../api/shared-folder';
import type { Clock } from '../../base/clock';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { FolderPortClient } from '../../rpc/folder-port';
import type { ShareAttachments } from '../share-attachments';
import { FolderFiles } from './folder-files';

export interface LabFoldersOptions {
  readonly folders: FolderService;
  readonly attachments: ShareAttachments;
  /** Names the lab to the folders. */
  readonly session: string;
  readonly clock: Clock;
}

/** The shared folders of a lab, as its own programs use them: each is one more client, as a machine is. */
export class LabFolders implements SharedFolders, Disposable {
  readonly #options: LabFoldersOptions;
  readonly #opened = new DisposableStore();
  #count = 0;

  constructor(options: LabFoldersOptions) {
    this.#options = options;
  }

  list(): Promise<readonly FolderInfo[]> {
    const { folders, session } = this.#options;
    return folders.list(session);
  }

  async create(name: string, options: { readonly quotaBytes?: number } = {}): Promise<void> {
    await this.#options.folders.create(name, options);
  }

  async setQuota(name: string, quotaBytes: number): Promise<void> {
    const { folders, session } = this.#options;
    await folders.setQuota(name, session, quotaBytes);
  }

  async remove(name: string): Promise<void> {
    await this.#options.folders.remove(name);
  }

  async open(name: string): Promise<SharedFolder> {
    const { attachments, clock } = this.#options;
    const [attached] = await attachments.attach([{ tag: name, folder: name }]);
    const [port] = attached?.ports ?? [];
    if (!attached || !port) throw new TypeError('A folder was opened without a port');
    const tree = new FolderPortClient({ port }, { clock, watch: true });
    attached.reopened((again) => {
      if ('error' in again) tree.fail(again.error);
      else for (const renewed of again.ports) tree.renew(renewed);
    });
    this.#count += 1;
    const id = `${this.#options.session}-${this.#count}`;
    return this.#opened.add(new FolderFiles(name, id, tree, () => attached.detach()));
  }

  dispose(): void {
    this.#opened.dispose();
  }
}
