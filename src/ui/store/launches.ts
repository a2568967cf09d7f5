import type { ReadonlySignal } from '@preact/signals-core';
import type { AppFile } from '../../api/app';
import type { DiskSource } from '../../api/disk';
import type { UnikernelDevice } from '../../api/unikernel';
import { SandboxError, toSandboxError } from '../../base/errors';
import type { DiskFile } from '../../engine/disk-files';
import type { ImageMachineWish } from '../../engine/image-machine';
import type { InstanceDraft, InstanceRecord, LaunchDraft } from '../../engine/instance-record';
import type { UnikernelOffer } from '../../engine/unikernel-library';
import type { RunWish } from '../containers/run-wish';
import type { PageLab } from '../page-lab';
import type { Route } from '../route';
import { text } from '../text';
import type { LazyParts } from './lazy-parts';
import type { Messages } from './messages';

/** An app to be. */
type AppDraft = Extract<InstanceDraft, { readonly kind: 'app' }>;

/** What it needs of the page. */
export interface LaunchesPage {
  readonly messages: Messages;
  readonly instances: ReadonlySignal<readonly InstanceRecord[]>;
  readonly parts: Pick<LazyParts, 'containers'>;
  /** Shows what was made. */
  readonly go: (route: Route) => void;
}

/** Makes instances and containers of all kinds, and starts and shows them. */
export class Launches {
  readonly #lab: PageLab;
  readonly #page: LaunchesPage;

  constructor(lab: PageLab, page: LaunchesPage) {
    this.#lab = lab;
    this.#page = page;
  }

  /** As {@link make}, for who has asked with one press; what is wrong is told by a message. */
  async instances(draft: InstanceDraft, count = 1): Promise<void> {
    try {
      await this.make(draft, count);
    } catch (error) {
      this.#page.messages.report(text.toasts.notCreated(draft.kind), error);
    }
  }

  /**
   * Makes instances and starts them; the first is shown. Several get numbers behind the name. Resolves when they are
   * made. Errors as of `Lab.create`; those that were made by then stay.
   */
  async make(draft: InstanceDraft, count = 1): Promise<void> {
    for (let number = 1; number <= count; number += 1) {
      const name = draft.name !== undefined && count > 1 ? { name: `${draft.name}-${number}` } : {};
      const { id } = await this.#lab.create({ ...draft, ...name }).catch(async (error: unknown) => {
        throw number === 1 ? error : await someWereMade(number - 1, count, error);
      });
      if (number === 1) this.#page.go(count === 1 ? { view: 'machine', id, tab: 'terminal' } : { view: 'machines' });
      this.#lab.start(id);
    }
  }

  /** Makes a machine whose root is an image, and starts it. Throws what is wrong with the wish. */
  async image(wish: ImageMachineWish): Promise<void> {
    const { id } = await this.#lab.createFromImage(wish);
    this.#page.go({ view: 'machine', id, tab: 'terminal' });
    this.#lab.start(id);
  }

  /**
   * Makes a container, starts it and shows it. Resolves when it is made, after its image was pulled if need be; whether
   * it is. Throws why it cannot be made; what goes wrong later is told by its task.
   */
  async container(wish: RunWish): Promise<boolean> {
    const shelf = await this.#page.parts.containers.get();
    if (!shelf) return false;
    const { task, created } = shelf.run(wish);
    const leave = this.#page.messages.leave(task);
    try {
      const id = await created;
      this.#page.go({ view: 'container', id, tab: wish.terminal ? 'terminal' : 'logs' });
      return true;
    } finally {
      leave.dispose();
    }
  }

  /** The unikernels that the registry has; none, and a message, when it cannot be asked. */
  async unikernels(): Promise<readonly UnikernelOffer[]> {
    try {
      return await this.#lab.unikernels();
    } catch (error) {
      this.#page.messages.report(text.unikernels.noOffers, error);
      return [];
    }
  }

  /** What a module declares; undefined, and a message, when it cannot be read. */
  async unikernelDevices(image: string): Promise<readonly UnikernelDevice[] | undefined> {
    try {
      return await this.#lab.unikernelDevices(image);
    } catch (error) {
      this.#page.messages.report(text.unikernels.notBrought(image), error);
      return undefined;
    }
  }

  /** Whether a file that a profile names is stored here. */
  hasDisk(source: DiskSource): boolean {
    return this.#lab.hasDiskFile(source);
  }

  /** Makes a machine that starts from its disks, which are stored first, and starts it. */
  machine(draft: LaunchDraft, files: readonly (DiskFile | undefined)[]): void {
    this.#page.messages.attempt(text.toasts.notCreated('vm'), async () => {
      const before = new Set(this.#page.instances.value.map(({ id }) => id));
      await this.#lab.launchMachine(draft, files).finished;
      const made = this.#page.instances.value.find(({ id }) => !before.has(id));
      if (made) this.#page.go({ view: 'machine', id: made.id, tab: 'screen' });
    });
  }

  /** Makes an app that finds these files, and starts it. Errors as of {@link make}, and of the files. */
  async app(
    draft: Omit<AppDraft, 'files'>,
    files: readonly { readonly path: string; readonly content: Blob }[],
  ): Promise<void> {
    const stored: AppFile[] = [];
    for (const { path, content } of files) {
      stored.push(await this.#lab.bringAppFile(path, await content.arrayBuffer()));
    }
    await this.make({ ...draft, files: stored });
  }
}

/** Its words are fetched then: the page's first script has no room for them. */
async function someWereMade(made: number, count: number, thrown: unknown): Promise<SandboxError> {
  const { formText } = await import('../text/forms');
  const { code, message } = toSandboxError(thrown);
  return new SandboxError(code, formText.partly(made, count, message), { cause: thrown });
}
