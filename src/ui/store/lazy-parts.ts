import { type Disposable, DisposableStore } from '../../base/lifecycle';
import type { ComparisonShelf } from '../compare/comparison-shelf';
import type { ContainerShelf } from '../containers/container-shelf';
import type { LabEventLog } from '../events/lab-event-log';
import type { FolderShelf } from '../files/folder-shelf';
import type { ImageShelf } from '../images/image-shelf';
import { LazyPart } from '../lazy-part';
import type { LessonShelf } from '../lessons/lesson-shelf';
import type { PageLab } from '../page-lab';
import type { ScenarioShelf } from '../scenarios/scenario-shelf';
import type { Store } from '../store';
import { text } from '../text';
import type { VolumeShelf } from '../volumes/volume-shelf';
import type { Intake } from './intake';

/** How what the page is put together with is fetched. What is absent, the page does without. */
export interface PartSources {
  readonly images?: (page: Store) => Promise<ImageShelf>;
  /** The shared folder. */
  readonly files?: (page: Store) => Promise<FolderShelf>;
  readonly containers?: () => Promise<ContainerShelf>;
  /** The lab's files. */
  readonly scenarios?: (page: Store) => Promise<ScenarioShelf>;
  /** What compares VM, container and unikernel. */
  readonly comparison?: (page: Store) => Promise<ComparisonShelf>;
  readonly lessons?: (page: Store) => Promise<LessonShelf>;
}

/** What the page shows and does that is fetched when somebody first wants it: its first script has no room for it. */
export class LazyParts implements Disposable {
  readonly images: LazyPart<ImageShelf>;
  readonly volumes: LazyPart<VolumeShelf>;
  readonly files: LazyPart<FolderShelf>;
  readonly containers: LazyPart<ContainerShelf>;
  readonly scenarios: LazyPart<ScenarioShelf>;
  readonly lessons: LazyPart<LessonShelf>;
  readonly comparison: LazyPart<ComparisonShelf>;
  /** What has happened. */
  readonly events: LazyPart<LabEventLog>;
  /** What takes the files that people bring. */
  readonly intake: LazyPart<Intake>;
  readonly #disposables = new DisposableStore();

  constructor(page: Store, lab: PageLab, sources: PartSources) {
    const part = <T>(name: string, open: ((page: Store) => Promise<T>) | undefined): LazyPart<T> =>
      new LazyPart(open && (() => open(page)), (error) => page.report(name, error));
    this.images = part(text.nav.images, sources.images);
    this.volumes = part(text.nav.volumes, () => openVolumes(page, lab));
    this.files = part(text.nav.files, sources.files);
    this.containers = part(text.nav.containers, sources.containers);
    this.scenarios = part(text.nav.lab, sources.scenarios);
    this.lessons = part(text.nav.lessons, sources.lessons);
    this.comparison = part(text.nav.compare, sources.comparison);
    this.events = part(text.nav.events, async () => {
      const { LabEventLog } = await import('../events/lab-event-log');
      return this.#disposables.add(new LabEventLog(page));
    });
    this.intake = part(text.notLoaded, async () => {
      const { Intake } = await import('./intake');
      return new Intake(lab, page);
    });
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

async function openVolumes(page: Store, lab: PageLab): Promise<VolumeShelf> {
  const [volumes, { VolumeShelf }] = await Promise.all([lab.volumes(), import('../volumes/volume-shelf')]);
  return new VolumeShelf({
    volumes,
    lab,
    report: (title, error) => page.report(title, error),
    announce: (message) => page.announce(message),
  });
}
