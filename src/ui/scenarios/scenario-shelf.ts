import { type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { ContainerSummary } from '../../api/container';
import type { ContainerEngine } from '../../api/container-engine';
import type { FolderInfo, SharedFolders } from '../../api/shared-folder';
import { createDeferred } from '../../base/deferred';
import { SandboxError, throwIfAborted, toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { LabArchives, LabContents } from '../../engine/archive/lab-archives';
import { emptyFolder, holdsFiles } from '../../engine/folders/empty-folder';
import type { Lab } from '../../engine/lab';
import { defaultNetwork } from '../../engine/networks';
import type { LabScenarios } from '../../engine/scenarios/lab-scenarios';
import type { ScenarioPlan } from '../../engine/scenarios/plan-scenario';
import { readScenario } from '../../formats/scenario/read-scenario';
import type { Scenario } from '../../formats/scenario/scenario';
import { scenarioAddress, shareLink } from '../../formats/scenario/scenario-address';
import { serializeScenario } from '../../formats/scenario/serialize-scenario';
import { encodeShareCode } from '../../formats/scenario/share-code';
import type { Dialog } from '../dialog';
import { emptyTrash } from '../files/folder-trash';
import { formatMemory } from '../format';
import { saveFile } from '../save-file';
import type { Settings } from '../settings';
import { scenarioText } from '../text/scenarios';
import { fetchScenario } from './fetch-scenario';

/** How long whoever has a scenario may take to give it, milliseconds. */
const fetchMs = 20_000;

/** What a person wrote about the lab. */
export interface LabTitle {
  readonly name: string;
  readonly notes: string;
}

/** The lab as a text, and who is not in it. */
export interface LabText {
  readonly text: string;
  readonly left: readonly string[];
}

export interface ScenarioShelfOptions {
  readonly scenarios: LabScenarios;
  readonly lab: Pick<Lab, 'list' | 'discard' | 'networks' | 'removeNetwork' | 'tasks' | 'folders' | 'volumes'>;
  readonly archives: () => Promise<LabArchives>;
  /** Whether what is stored outlives the page. */
  readonly keeps: () => boolean;
  /** Whether the browser may throw away what is stored when room is short. */
  readonly mayEvict: () => Promise<boolean>;
  /** Opens the lab anew, with what is stored by then. */
  readonly reload: () => void;
  readonly engine: () => Promise<Pick<ContainerEngine, 'containers' | 'list' | 'changed'>>;
  readonly settings: Settings;
  /** Where the page is. */
  readonly page: URL;
  readonly ask: (dialog: Dialog) => void;
  readonly report: (title: string, error: unknown) => void;
  readonly announce: (message: string) => void;
}

/** The lab's files: scenarios that are opened, and the lab as one. */
export class ScenarioShelf {
  readonly #options: ScenarioShelfOptions;
  readonly #title: Signal<LabTitle>;
  readonly #containers = signal<readonly string[]>([]);
  readonly #evictable = signal(false);
  readonly #withVolumes = signal(true);
  /** Folders that are being saved as files: whether they were. */
  readonly #saves = new Set<Promise<boolean>>();
  #following: Disposable | undefined;

  constructor(options: ScenarioShelfOptions) {
    this.#options = options;
    this.#title = signal(readTitle(options.settings.recall('lab')));
  }

  /** Containers by name, with what they are made of; empty until the engine has been asked. */
  get containers(): ReadonlySignal<readonly string[]> {
    return this.#containers;
  }

  /** Whether what is here may go without anybody having removed it, as of the last {@link lookAtStorage}. */
  get evictable(): ReadonlySignal<boolean> {
    return this.#evictable;
  }

  /** Asks the browser, whose answer changes once it has been asked to keep what is stored. */
  async lookAtStorage(): Promise<void> {
    this.#evictable.value = await this.#options.mayEvict();
  }

  /** What the lab is called; kept for the next visit. */
  get title(): ReadonlySignal<LabTitle> {
    return this.#title;
  }

  setTitle(change: Partial<LabTitle>): void {
    const { name, notes } = { ...this.#title.value, ...change };
    this.#title.value = { name: name.trim() || scenarioText.usualName, notes };
    this.#options.settings.keep('lab', this.#title.value);
  }

  /** Whether the lab as a text has its volumes and shared folders. */
  get withVolumes(): ReadonlySignal<boolean> {
    return this.#withVolumes;
  }

  setWithVolumes(withVolumes: boolean): void {
    this.#withVolumes.value = withVolumes;
  }

  /**
   * Shows what a text would do, or what is wrong with it. Nothing runs before somebody says so. `decided` is called once
   * nothing of it is left to be asked.
   */
  async show(text: string, from: string, decided?: () => void): Promise<void> {
    const read = readScenario(text);
    if ('value' in read) {
      await this.#askToRun(read.value, from, decided);
      return;
    }
    this.#options.ask({ kind: 'broken-scenario', from, problems: read.problems });
    decided?.();
  }

  /** Shows what the address asks for, if it asks for anything, once this tab has the lab. Resolves when that is decided. */
  async showAddress(address: URL): Promise<void> {
    const decided = createDeferred<void>();
    const isAsked = await this.#attempt(scenarioText.opening(scenarioText.fromLink), async () => {
      const wanted = scenarioAddress(address);
      if (!wanted) return decided.resolve();
      // What goes wrong is told where it can be read: not while another tab has the lab.
      await this.#options.lab.volumes();
      const text = await fetchScenario(wanted, AbortSignal.timeout(fetchMs));
      await this.show(text, wanted.kind === 'url' ? wanted.url.href : scenarioText.fromLink, decided.resolve);
    });
    if (isAsked) await decided.promise;
  }

  /** Asks to begin a new lab, and then again whether to open it. */
  async beginWith({ scenario }: ScenarioPlan, from: string, decided?: () => void): Promise<void> {
    await this.askToEmpty(() => {
      void this.#attempt(scenarioText.opening(scenario.name), () => this.#askToRun(scenario, from, decided));
    });
  }

  async #askToRun(scenario: Scenario, from: string, decided?: () => void): Promise<void> {
    const { scenarios, ask } = this.#options;
    await this.#emptyTrash();
    ask({ kind: 'scenario', from, plan: await scenarios.plan(scenario), ...(decided && { decided }) });
  }

  /** One of those that come with the page. */
  async showExample(file: string, name: string): Promise<void> {
    await this.#attempt(scenarioText.opening(name), async () => {
      const url = new URL(`scenarios/${file}`, this.#options.page);
      await this.show(await fetchScenario({ kind: 'url', url }, AbortSignal.timeout(fetchMs)), name);
    });
  }

  async showFile(file: File): Promise<void> {
    if (file.name.endsWith('.tar')) return this.showArchive(file);
    await this.#attempt(scenarioText.opening(file.name), async () => this.show(await file.text(), file.name));
  }

  /**
   * What goes wrong is told; what was made and did not start stays. Where it would not do any more what was shown, it is
   * shown again.
   */
  async open(shown: ScenarioPlan, from: string): Promise<void> {
    const { scenarios, ask, report } = this.#options;
    const { name, notes = '' } = shown.scenario;
    let plan = shown;
    const isPlanned = await this.#attempt(scenarioText.opening(name), async () => {
      plan = await scenarios.plan(shown.scenario);
    });
    if (!isPlanned) return;
    if (JSON.stringify(plan) !== JSON.stringify(shown)) {
      ask({ kind: 'scenario', from, plan });
      return;
    }
    const { opened } = scenarios.open(plan);
    try {
      const { failures } = await opened;
      this.setTitle({ name, notes });
      if (failures.length === 0) return;
      const told = failures.map((failure) => scenarioText.failure(failure.name, failure.message)).join('. ');
      report(scenarioText.partly(name), new SandboxError('FailedPrecondition', `${told}. ${scenarioText.partlyNext}`));
    } catch {
      // Its task tells.
    }
  }

  /** The lab as it is now. */
  async text(): Promise<LabText> {
    await this.#followContainers();
    const { name, notes } = this.#title.value;
    const { scenario, left } = await this.#options.scenarios.describe(name, { withVolumes: this.#withVolumes.value });
    const whole: Scenario = { ...scenario, ...(notes.trim() !== '' && { notes }) };
    return { text: serializeScenario(whole), left };
  }

  async save(): Promise<void> {
    await this.#attempt(scenarioText.saving, async () => {
      const { text } = await this.text();
      await saveFile({ name: `${this.#stem}.yaml`, stream: new Blob([text]).stream() }, () => {});
    });
  }

  /** The lab with all its data. What goes wrong, its task tells. */
  async saveArchive(): Promise<void> {
    const { archives, lab, announce } = this.#options;
    const { name, notes } = this.#title.value;
    const file = `${this.#stem}.tar`;
    let size = 0;
    const task = lab.tasks.run({ kind: 'save', subject: name, cancelable: true }, async (operation) => {
      const [{ text }, whole] = await Promise.all([this.text(), archives()]);
      const stream = await whole.write({ name, notes, scenario: text }, operation);
      await saveFile({ name: file, stream }, (done) => {
        size = done;
        throwIfAborted(operation.signal);
        operation.onProgress({ phase: scenarioText.archive.writing, done });
      });
    });
    await task.finished.then(
      () => announce(scenarioText.archive.saved(file, formatMemory(size))),
      () => {},
    );
  }

  /** Reads all of a lab's archive, and shows what is in it. */
  async showArchive(file: File): Promise<void> {
    const { archives, lab, keeps, report } = this.#options;
    if (!keeps()) {
      report(scenarioText.opening(file.name), new SandboxError('FailedPrecondition', scenarioText.notKept));
      return;
    }
    let contents: LabContents | undefined;
    const task = lab.tasks.run({ kind: 'open', subject: file.name, cancelable: true }, async (operation) => {
      contents = await (await archives()).read(() => file.stream(), operation);
    });
    await task.finished.catch(() => {});
    const read = contents;
    if (!read) return;
    await this.askToOpen(file, read);
  }

  /** Shows what is in an archive that was read, and what is in its way. */
  async askToOpen(file: File, contents: LabContents): Promise<void> {
    const { archives, ask } = this.#options;
    await this.#attempt(scenarioText.opening(file.name), async () => {
      await this.#emptyTrash();
      const conflict = await (await archives()).conflict(contents);
      ask({ kind: 'archive', file, contents, ...(conflict && { conflict }) });
    });
  }

  /** What goes wrong, its task tells; nothing of the archive is there then but images that came. */
  async openArchive(file: File, contents: LabContents): Promise<void> {
    const { archives, lab, reload } = this.#options;
    const { name, notes } = contents.scanned.document;
    const task = lab.tasks.run({ kind: 'open', subject: name, cancelable: true }, async (operation) => {
      await (await archives()).open(() => file.stream(), contents, operation);
    });
    await task.finished.then(
      () => {
        this.setTitle({ name, notes });
        reload();
      },
      () => {},
    );
  }

  /** The lab's name as that of a file. */
  get #stem(): string {
    return this.#title.value.name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'lab';
  }

  /** An address that opens the lab as it is now, in any browser. */
  async link(): Promise<string> {
    const { text } = await this.text();
    return shareLink(this.#options.page, await encodeShareCode(text));
  }

  /** Asks before a new lab is begun; what is in shared folders is removed only when that is said. `next`: once it has begun. */
  async askToEmpty(next?: () => void): Promise<void> {
    await this.#attempt(scenarioText.emptying, async () => {
      await this.#emptyTrash();
      const folders = await this.#folders();
      const held: FolderInfo[] = [];
      for (const each of (await folders?.list()) ?? []) {
        if (folders && (await holdsFiles(folders, each.name))) held.push(each);
      }
      this.#options.ask({ kind: 'new-lab', folders: held, ...(next && { next }) });
    });
  }

  /** All that is in a shared folder, as a file. Whether it was saved. */
  saveFolder(name: string): Promise<boolean> {
    const saved = this.#attempt(scenarioText.savingFolder(name), async () => {
      const folder = await (await this.#options.lab.folders()).open(name);
      try {
        await saveFile({ name: `${name}.tar`, stream: folder.exportTar() }, () => {});
      } finally {
        folder.dispose();
      }
    });
    this.#saves.add(saved);
    void saved.then(() => this.#saves.delete(saved));
    return saved;
  }

  /**
   * Removes everything that a scenario could make and, if that is said, what is in the shared folders; folders that are
   * being saved are saved first, and nothing is removed where that fails. Whether all is gone.
   */
  empty({ withFolders = false }: { readonly withFolders?: boolean } = {}): Promise<boolean> {
    const { lab, engine, announce } = this.#options;
    return this.#attempt(scenarioText.emptying, async () => {
      const saved = await Promise.all(this.#saves);
      if (saved.includes(false)) throw new SandboxError('FailedPrecondition', scenarioText.notSaved);
      const opened = await engine();
      for (const { Id } of opened.list()) await opened.containers.remove(Id, { force: true, volumes: true });
      await Promise.all(lab.list().map(({ id }) => lab.discard(id)));
      for (const { name } of lab.networks()) if (name !== defaultNetwork.name) await lab.removeNetwork(name);
      const folders = withFolders ? await this.#folders() : undefined;
      for (const { name } of (await folders?.list()) ?? []) if (folders) await emptyFolder(folders, name);
      this.setTitle({ name: '', notes: '' });
      announce(scenarioText.empty);
    });
  }

  async #followContainers(): Promise<void> {
    if (this.#following) return;
    const engine = await this.#options.engine();
    const show = (all: readonly ContainerSummary[]): void => {
      this.#containers.value = all.map(({ Id, Names }) => `${Id} ${Names.join()}`);
    };
    this.#following ??= engine.changed(show);
    show(engine.list());
  }

  /** What was deleted is nothing that a folder holds. */
  async #emptyTrash(): Promise<void> {
    const folders = await this.#folders();
    if (folders) await emptyTrash(folders);
  }

  /** Undefined where nothing is shared. */
  async #folders(): Promise<SharedFolders | undefined> {
    return this.#options.lab.folders().catch((error: unknown) => {
      if (toSandboxError(error).code !== 'Unimplemented') throw error;
      return undefined;
    });
  }

  async #attempt(title: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.report(title, error);
      return false;
    }
  }
}

/** Whatever an earlier version or another page kept there. */
function readTitle(kept: unknown): LabTitle {
  const { name, notes } =
    typeof kept === 'object' && kept !== null ? (kept as Partial<Record<keyof LabTitle, unknown>>) : {};
  return {
    name: typeof name === 'string' && name.trim() !== '' ? name : scenarioText.usualName,
    notes: typeof notes === 'string' ? notes : '',
  };
}
