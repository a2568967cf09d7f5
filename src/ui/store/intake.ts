import { SandboxError } from '../../base/errors';
import type { DiskMedium } from '../../formats/disk-medium';
import { bringFile } from '../bring-file';
import type { Dialog } from '../dialog';
import { chosenFiles, droppedFiles, readFolder } from '../lessons/read-folder';
import type { PageLab } from '../page-lab';
import { text } from '../text';
import { machineWords } from '../text/machine-words';
import type { LazyParts } from './lazy-parts';
import type { Messages } from './messages';

/** What it needs of the page. */
export interface IntakePage {
  readonly messages: Messages;
  readonly parts: Pick<LazyParts, 'scenarios' | 'lessons'>;
  /** Asks what is to be made of a file. */
  readonly ask: (dialog: Dialog) => void;
}

/** Takes what people bring: files that they choose or drop. */
export class Intake {
  readonly #lab: PageLab;
  readonly #page: IntakePage;

  constructor(lab: PageLab, page: IntakePage) {
    this.#lab = lab;
    this.#page = page;
  }

  /** Takes a module that a user brings, and asks what is to be made of it. */
  module(file: File): void {
    this.#page.messages.attempt(text.unikernels.notBrought(file.name), async () => {
      const offer = await this.#lab.bringModule(file.name, await file.arrayBuffer());
      this.#page.ask(offer.kind === 'app' ? { kind: 'new-app', offer } : { kind: 'new-unikernel', offer });
    });
  }

  /** Takes a file that a user brings: a module or a scenario by its name, else a disk or a machine's profile. */
  file(file: File): void {
    if (file.name.endsWith('.wasm')) {
      this.module(file);
      return;
    }
    if (/\.ya?ml$/.test(file.name)) {
      void this.#page.parts.scenarios.get().then((shelf) => shelf?.showFile(file));
      return;
    }
    this.#page.messages.attempt(text.notTaken(file.name), async () => {
      this.#page.ask(await bringFile(file));
    });
  }

  /** What a disk image is; undefined, and a message, when it is none. */
  async recognizeDisk(file: File): Promise<DiskMedium | undefined> {
    try {
      const dialog = await bringFile(file);
      if (dialog.kind === 'new-machine' && dialog.disk) return dialog.disk.medium;
      throw new SandboxError('InvalidArgument', machineWords.noDisk(file.name));
    } catch (error) {
      this.#page.messages.report(text.notTaken(file.name), error);
      return undefined;
    }
  }

  /** Shows a folder as a lesson: one that was dropped, or the files of one that was chosen. */
  lesson(folder: FileSystemDirectoryEntry | readonly File[]): void {
    const [first] = 'length' in folder ? folder : [folder];
    const name = first instanceof File ? (first.webkitRelativePath.split('/')[0] ?? '') : (first?.name ?? '');
    this.#page.messages.attempt(text.notTaken(name), async () => {
      const files = 'length' in folder ? chosenFiles(folder) : await droppedFiles(folder);
      await (await this.#page.parts.lessons.get())?.bring(name, await readFolder(files));
    });
  }
}
