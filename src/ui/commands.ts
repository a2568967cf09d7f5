import { places } from './route';
import type { Store } from './store';
import { text } from './text';
import { lectureText } from './text/lecture';
import { actionsOf, actOn } from './views/instance/instance-actions';

/** Something that can be done by its name. */
export interface Command {
  readonly id: string;
  readonly label: string;
  readonly run: () => void;
}

/** Everything that can be done now. */
export function commandsOf(store: Store): readonly Command[] {
  const { palette, vm, network } = text.dialogs;
  const { theme, lecture } = store.settings.values.value;
  return [
    ...places.map((view) => ({ id: view, label: palette.go(text.nav[view]), run: () => store.go({ view }) })),
    { id: 'new-vm', label: vm.title, run: () => store.ask({ kind: 'new-vm' }) },
    { id: 'new-unikernel', label: text.unikernels.dialog.title, run: () => store.ask({ kind: 'new-unikernel' }) },
    { id: 'new-app', label: text.apps.dialog.title, run: () => store.ask({ kind: 'new-app' }) },
    { id: 'new-network', label: network.title, run: () => store.ask({ kind: 'new-network' }) },
    {
      id: 'lab-shell',
      label: text.dock.lab.open,
      run: () => {
        if (store.terminals.openLab() === undefined) store.announce(text.dock.limit(store.terminals.tabs.value.size));
        else store.terminals.setOpen(true);
      },
    },
    { id: 'settings', label: text.dialogs.settings, run: () => store.ask({ kind: 'settings' }) },
    { id: 'help', label: text.dialogs.help.title, run: () => store.ask({ kind: 'help' }) },
    {
      id: 'lecture',
      label: lecture ? lectureText.switchOff : lectureText.switchOn,
      run: () => store.settings.change({ lecture: !lecture }),
    },
    { id: 'tasks', label: text.tasks.show, run: () => store.showTasks(true) },
    ...(['system', 'light', 'dark'] as const)
      .filter((each) => each !== theme)
      .map((each) => ({
        id: `theme ${each}`,
        label: `${text.theme.label}: ${text.theme[each]}`,
        run: () => store.settings.change({ theme: each }),
      })),
    ...store.instances.value.flatMap((record) => [
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
    ]),
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
