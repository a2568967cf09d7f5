import { effect } from '@preact/signals-core';
import type { ContainerSummary } from '../../api/container';
import type { ConsoleAttachment, ConsoleOutput } from '../../api/instance';
import { ShellSource } from '../terminals/shell-source';
import type { ContainerKind, DockedContainer, TerminalSource } from '../terminals/terminals';
import { text } from '../text';
import { containerText } from '../text/containers';
import { containerName } from './container-actions';
import type { ContainerShelf } from './container-shelf';
import { containerShellHost } from './container-shell';
import { LogSource } from './log-source';

/** Home, and nothing on the screen or above it. */
const clear = '\x1b[H\x1b[2J\x1b[3J';

const encode = (said: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(said);

/** The output of a container, or a shell in it, for as long as there is one of its id, or else of its name. */
export async function openDockedSource(
  shelf: ContainerShelf,
  kind: ContainerKind,
  container: DockedContainer,
): Promise<TerminalSource> {
  // What was removed is told from what has not been read yet.
  await shelf.refresh();
  return kind === 'container-logs' ? new DockedLogs(shelf, container) : new DockedShell(shelf, container);
}

/** Goes on with the container that is started again, from a clear screen. */
class DockedLogs implements TerminalSource {
  readonly #shelf: ContainerShelf;
  readonly #container: DockedContainer;

  constructor(shelf: ContainerShelf, container: DockedContainer) {
    this.#shelf = shelf;
    this.#container = container;
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    const { engine } = this.#shelf;
    let inner: ConsoleAttachment | undefined;
    let shown: { readonly id: string; readonly running: boolean } | undefined;
    const say = (said: string): void => onOutput({ bytes: encode(said), skipped: 0 });
    const follow = (found: ContainerSummary | undefined): void => {
      const before = shown;
      shown = found && { id: found.Id, running: isRunning(found) };
      // One that has ended says so by itself.
      if (shown && before && shown.id === before.id && (before.running || !shown.running)) return;
      inner?.dispose();
      inner = undefined;
      if (before && shown) say(clear);
      if (shown) inner = new LogSource(engine.containers, shown.id, containerText.logs).attachConsole(onOutput);
      else say(`\r\n[${containerText.dock.gone(this.#container.name)}]\r\n`);
    };
    const stop = followContainer(this.#shelf, this.#container, follow);
    return {
      write: () => {},
      resize: () => {},
      acknowledge: (bytes) => inner?.acknowledge(bytes),
      dispose() {
        stop();
        inner?.dispose();
      },
    };
  }
}

/** Starts by itself whenever the container does. */
class DockedShell implements TerminalSource {
  readonly #shelf: ContainerShelf;
  readonly #container: DockedContainer;
  readonly #source: ShellSource;

  constructor(shelf: ContainerShelf, container: DockedContainer) {
    this.#shelf = shelf;
    this.#container = container;
    const { name } = container;
    const find = (): ContainerSummary | undefined => findContainer(shelf.containers.peek(), container);
    this.#source = new ShellSource({
      host() {
        const found = find();
        return found && isRunning(found) ? containerShellHost(shelf.engine, found.Id) : undefined;
      },
      words: {
        ended: text.dock.ended,
        failed: text.dock.failed,
        lost: text.dock.lost,
        off: () => (find() ? containerText.dock.off(name) : containerText.dock.gone(name)),
        gone: () => text.dock.gone,
      },
    });
  }

  attachConsole(onOutput: (output: ConsoleOutput) => void): ConsoleAttachment {
    const inner = this.#source.attachConsole(onOutput);
    let running = true;
    const stop = followContainer(this.#shelf, this.#container, (found) => {
      const before = running;
      running = found !== undefined && isRunning(found);
      // No program can be there: as if Enter were pressed where it says that it starts one.
      if (running && !before) inner.write(encode('\r'));
    });
    return {
      write: (bytes) => inner.write(bytes),
      resize: (size) => inner.resize(size),
      acknowledge: (bytes) => inner.acknowledge(bytes),
      dispose() {
        stop();
        inner.dispose();
      },
    };
  }
}

function followContainer(
  shelf: ContainerShelf,
  container: DockedContainer,
  follow: (found: ContainerSummary | undefined) => void,
): () => void {
  return effect(() => follow(findContainer(shelf.containers.value, container)));
}

/** The one of that id, else the one that has its name now: compose and people make it anew. */
function findContainer(
  containers: readonly ContainerSummary[],
  { id, name }: DockedContainer,
): ContainerSummary | undefined {
  return containers.find(({ Id }) => Id === id) ?? containers.find((each) => containerName(each) === name);
}

function isRunning({ State }: ContainerSummary): boolean {
  return State === 'running' || State === 'paused';
}
