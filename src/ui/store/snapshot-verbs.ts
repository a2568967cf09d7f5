import type { InstanceId } from '../../api/instance';
import type { SnapshotId } from '../../api/snapshot';
import { formatBytes } from '../../base/bytes';
import type { PageLab } from '../page-lab';
import { text } from '../text';
import type { Messages } from './messages';

/** What it needs of the page. */
export interface SnapshotVerbsPage {
  readonly messages: Messages;
  /** Of an instance. */
  readonly nameOf: (id: InstanceId) => string;
}

/** What people do with snapshots. */
export class SnapshotVerbs {
  readonly #lab: PageLab;
  readonly #page: SnapshotVerbsPage;

  constructor(lab: PageLab, page: SnapshotVerbsPage) {
    this.#lab = lab;
    this.#page = page;
  }

  take(id: InstanceId, texts: { readonly name: string; readonly notes: string }): void {
    this.#page.messages.attempt(text.toasts.failed('snapshot', this.#page.nameOf(id)), () =>
      this.#lab.snapshot(id, texts),
    );
  }

  restore(id: InstanceId, snapshot: SnapshotId): void {
    this.#page.messages.attempt(text.toasts.failed('restore', this.#page.nameOf(id)), () =>
      this.#lab.restoreSnapshot(id, snapshot),
    );
  }

  clone(
    source: { readonly snapshot: SnapshotId } | { readonly instance: InstanceId },
    name: string,
    wish: { readonly names?: readonly string[]; readonly count?: number },
  ): void {
    this.#page.messages.attempt(text.toasts.failed('clone', name), () => this.#lab.clone(source, wish));
  }

  describe(id: SnapshotId, texts: { readonly name?: string; readonly notes?: string }): void {
    this.#page.messages.attempt(text.snapshots.notDescribed(this.#snapshotName(id)), () =>
      this.#lab.describeSnapshot(id, texts),
    );
  }

  delete(id: SnapshotId): void {
    this.#page.messages.attempt(text.snapshots.notDeleted(this.#snapshotName(id)), () => this.#lab.deleteSnapshot(id));
  }

  export(id: SnapshotId): void {
    const name = this.#snapshotName(id);
    this.#page.messages.attempt(text.snapshots.notExported(name), async () => {
      const [file, { saveFile }] = await Promise.all([this.#lab.exportSnapshot(id), import('../save-file')]);
      await saveFile(file, (bytes) => {
        this.#page.messages.announce(text.snapshots.exporting(name, formatBytes(bytes)));
      });
    });
  }

  import(file: File): void {
    this.#page.messages.attempt(text.snapshots.notImported(file.name), () =>
      this.#lab.importSnapshot(file.name, () => file.stream()),
    );
  }

  #snapshotName(id: SnapshotId): string {
    return this.#lab.snapshots().find((record) => record.id === id)?.name ?? id;
  }
}
