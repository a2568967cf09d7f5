import type { Digest } from '../api/content-store';
import type { ShareAttachment } from '../api/instance';
import type { ShareSpec, ShareStore } from '../api/share';
import type { SharedFolders } from '../api/shared-folder';
import type { Clock } from '../base/clock';
import { SandboxError, toSandboxError } from '../base/errors';
import type { Event } from '../base/events';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { InstanceDraft } from './instance-record';
import type { ShareAttachments } from './share-attachments';

export interface LabSharesOptions {
  /** Where the files of shares come from. Without, nothing is shared. */
  readonly shares: ShareStore | undefined;
  /** Names this lab to the shared folders. */
  readonly session: string;
  readonly storeLost: Event<void>;
  readonly clock: Clock;
  readonly randomId: () => string;
  /** What went wrong by itself, for people. */
  readonly failed: (error: SandboxError) => void;
}

/** What machines share files with: folders of the lab, and layers of images. Its code comes when it is first wanted. */
export class LabShares implements Disposable {
  readonly #options: LabSharesOptions;
  readonly #disposables = new DisposableStore();
  #attachments: Promise<ShareAttachments> | undefined;
  #folders: Promise<SharedFolders> | undefined;

  constructor(options: LabSharesOptions) {
    this.#options = options;
  }

  /** Opens shares for a machine that starts. */
  async attach(specs: readonly ShareSpec[]): Promise<readonly ShareAttachment[]> {
    return specs.length === 0 ? [] : (await this.#open()).attach(specs);
  }

  /** Names for the layers of a stack, the lowest first, by which machines with a layer store find them from now on. */
  async offerLayers(layers: readonly Digest[]): Promise<readonly string[]> {
    return (await this.#open()).stacks.offer(layers);
  }

  /** The lab's shared folders. `Unimplemented` where nothing is shared. */
  folders(): Promise<SharedFolders> {
    const { shares, session, clock } = this.#options;
    if (!shares) return Promise.reject(new SandboxError('Unimplemented', 'This lab has no shared folders'));
    this.#folders ??= Promise.all([import('./folders/lab-folders'), this.#open()]).then(
      ([{ LabFolders }, attachments]) =>
        this.#disposables.add(new LabFolders({ folders: shares.folders, attachments, session, clock })),
    );
    return this.#folders;
  }

  /** A shared folder comes into being with the first machine that wants it, as docker's named volumes do. */
  async makeFolders(draft: InstanceDraft): Promise<void> {
    const shares = draft.kind === 'vm' ? (draft.shares ?? []) : [];
    for (const share of shares) {
      if (!('folder' in share)) continue;
      const folders = await this.folders();
      await folders.create(share.folder).catch((error: unknown) => {
        if (toSandboxError(error).code !== 'AlreadyExists') throw error;
      });
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** Loaded with the first machine that has some: the page's first script has no room for them. */
  #open(): Promise<ShareAttachments> {
    this.#attachments ??= import('./share-attachments').then(({ ShareAttachments }) =>
      this.#disposables.add(new ShareAttachments(this.#options)),
    );
    return this.#attachments;
  }
}
