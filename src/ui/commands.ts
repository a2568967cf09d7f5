import type { ContainerSummary } from '../api/container';
import type { InstanceRecord } from '../engine/instance-record';
import { containerMenu, containerName } from './containers/container-actions';
import { actOnContainer } from './containers/container-menu';
import type { ContainerShelf } from './containers/container-shelf';
import type { LessonShelf } from './lessons/lesson-shelf';
import { places } from './route';
import type { ScenarioShelf } from './scenarios/scenario-shelf';
import type { SettingValues } from './settings';
import type { Store } from './store';
import { text } from './text';
import { appForm } from './text/app-form';
import { commandText as words } from './text/commands';
import { containerText } from './text/containers';
import { formText } from './text/forms';
import { lectureText } from './text/lecture';
import { settingsText } from './text/settings';
import { unikernelForm } from './text/unikernel-form';
import { volumeText } from './text/volumes';
import { actionsOf, actOn } from './views/instance/instance-actions';

/** Something that can be done by its name. */
export interface Command {
  readonly id: string;
  readonly label: string;
  readonly run: () => void;
}

/** Parts of the page whose things have commands, too; each from when it is there. */
export interface CommandParts {
  readonly containers?: ContainerShelf | undefined;
  readonly lessons?: LessonShelf | undefined;
  readonly lab?: ScenarioShelf | undefined;
}

/** Everything that can be done now. */
export function commandsOf(store: Store, { containers, lessons, lab }: CommandParts = {}): readonly Command[] {
  return [
    ...undoings(store),
    ...places.map((view) => ({
      id: view,
      label: formText.palette.go(text.nav[view]),
      run: () => store.go({ view }),
    })),
    ...creations(store),
    ...(lab ? labCommands(store, lab) : []),
    ...pageCommands(store),
    ...choices(store),
    ...store.instances.value.flatMap((record) => instanceCommands(store, record)),
    ...(containers ? containers.containers.value.flatMap((each) => containerCommands(store, containers, each)) : []),
    ...(lessons?.entries.value ?? []).map(({ id, title }) => ({
      id: `lesson ${id}`,
      label: words.lesson(title),
      run: () => store.go({ view: 'lesson', id, step: lessons?.progressOf(id).step ?? 0 }),
    })),
  ];
}

function undoings({ messages }: Store): readonly Command[] {
  return messages.toasts.value.flatMap((toast) =>
    toast.undo
      ? [
          {
            id: `undo ${toast.id}`,
            label: `${toast.button ?? text.tasks.undo}: ${toast.title}`,
            run: () => messages.undo(toast),
          },
        ]
      : [],
  );
}

function creations(store: Store): readonly Command[] {
  const titles = {
    'new-vm': formText.vm.title,
    'new-container': containerText.run,
    'new-unikernel': unikernelForm.title,
    'new-app': appForm.title,
    'new-machine': words.newMachine,
    'new-network': formText.network.title,
    'new-volume': volumeText.dialog.title,
  } as const;
  const kinds = Object.keys(titles) as (keyof typeof titles)[];
  return kinds.map((kind) => ({ id: kind, label: titles[kind], run: () => store.ask({ kind }) }));
}

function labCommands(store: Store, lab: ScenarioShelf): readonly Command[] {
  return [
    { id: 'open-lab', label: words.openLab, run: () => chooseLab(lab) },
    { id: 'save-lab', label: words.saveLab, run: () => void lab.save() },
    { id: 'save-lab-data', label: words.saveLabWithData, run: () => void lab.saveArchive() },
    { id: 'link-lab', label: words.copyLabLink, run: () => void copyLink(store, lab) },
    { id: 'new-lab', label: words.newLab, run: () => void lab.askToEmpty() },
  ];
}

/** Within the press of the key, which browsers want for this. */
function chooseLab(lab: ScenarioShelf): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.yaml,.yml,.tar';
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) void lab.showFile(file);
  });
  input.click();
}

/** Where the browser does not let it be copied, it is had in the view of the lab. */
async function copyLink(store: Store, lab: ScenarioShelf): Promise<void> {
  try {
    await navigator.clipboard.writeText(await lab.link());
    store.announce(text.toasts.copied);
  } catch (error) {
    store.report(words.copyLabLink, error);
    store.go({ view: 'lab' });
  }
}

function pageCommands(store: Store): readonly Command[] {
  return [
    {
      id: 'lab-shell',
      label: text.dock.lab.open,
      run: () => {
        if (store.terminals.openLab() === undefined) store.announce(text.dock.limit(store.terminals.tabs.value.size));
        else store.terminals.setOpen(true);
      },
    },
    { id: 'settings', label: text.dialogs.settings, run: () => store.ask({ kind: 'settings' }) },
    { id: 'help', label: formText.help.title, run: () => store.ask({ kind: 'help' }) },
    { id: 'tasks', label: text.tasks.show, run: () => store.showTasks(true) },
  ];
}

/** What is chosen in the settings; what is so already is no choice. */
function choices({ settings }: Store): readonly Command[] {
  const { theme, contrast, motion, stage, lecture, fontSize, screenReader, singleKeys } = settings.values.value;
  const choice = (id: string, label: string, change: Partial<SettingValues>): Command => ({
    id,
    label,
    run: () => settings.change(change),
  });
  const { contrasts, motions } = settingsText;
  return [
    choice('stage', stage ? words.stageOff : words.stageOn, { stage: !stage }),
    choice('lecture', lecture ? lectureText.switchOff : lectureText.switchOn, { lecture: !lecture }),
    ...(['system', 'light', 'dark'] as const)
      .filter((each) => each !== theme)
      .map((each) => choice(`theme ${each}`, words.choose(text.theme.label, text.theme[each]), { theme: each })),
    ...(['system', 'more'] as const)
      .filter((each) => each !== contrast)
      .map((each) =>
        choice(`contrast ${each}`, words.choose(settingsText.contrast, contrasts[each]), { contrast: each }),
      ),
    ...(['system', 'reduce'] as const)
      .filter((each) => each !== motion)
      .map((each) => choice(`motion ${each}`, words.choose(settingsText.motion, motions[each]), { motion: each })),
    choice('larger', words.larger, { fontSize: fontSize + 1 }),
    choice('smaller', words.smaller, { fontSize: fontSize - 1 }),
    choice('reader', screenReader ? words.readerOff : words.readerOn, { screenReader: !screenReader }),
    choice('keys', singleKeys ? words.keysOff : words.keysOn, { singleKeys: !singleKeys }),
  ];
}

function instanceCommands(store: Store, record: InstanceRecord): readonly Command[] {
  const { palette } = formText;
  return [
    { id: `open ${record.id}`, label: palette.do(text.open, record.name), run: () => store.select(record.id) },
    ...(record.state.phase === 'running' && record.abilities.has('exec')
      ? [
          {
            id: `shell ${record.id}`,
            label: text.dock.newShellIn(record.name),
            run: () => actOn(store, record, 'shell'),
          },
        ]
      : []),
    ...actionsOf(record).map((action) => ({
      id: `${action} ${record.id}`,
      label: palette.do(text.actions[action], record.name),
      run: () => actOn(store, record, action),
    })),
  ];
}

function containerCommands(store: Store, shelf: ContainerShelf, container: ContainerSummary): readonly Command[] {
  const { Id: id, State } = container;
  const name = containerName(container);
  const show = (tab: 'logs' | 'terminal') => () => store.go({ view: 'container', id, tab });
  return [
    { id: `logs ${id}`, label: words.logs(name), run: show('logs') },
    ...(State === 'running' ? [{ id: `shell ${id}`, label: text.dock.newShellIn(name), run: show('terminal') }] : []),
    ...containerMenu(container).map((action) => ({
      id: `${action.id} ${id}`,
      label: formText.palette.do(action.label, name),
      run: () => actOnContainer(store, shelf, container, action.id),
    })),
  ];
}

/** Commands that have all the typed words in them, those that begin with the first word first. */
export function matchCommands(commands: readonly Command[], typed: string): readonly Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = commands.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
  const [first = ''] = words;
  const begins = ({ label }: Command): number => (label.toLowerCase().startsWith(first) ? 0 : 1);
  return matching.toSorted((a, b) => begins(a) - begins(b));
}
