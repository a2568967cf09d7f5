import type { InstanceAbility, InstancePhase } from '../../../api/instance';
import type { InstanceRecord, LabAction } from '../../../engine/instance-record';
import type { IconName } from '../../elements/icon/icon';
import type { MenuItem } from '../../elements/menu/menu';
import { type PlainAction, plainActions, type Store } from '../../store';
import { text } from '../../text';

/** What a person can ask of an instance. */
export type AskedAction = PlainAction | 'snapshot' | 'clone' | 'rename';

/** What can be asked of an instance in each phase, the likeliest first. */
export const actionsByPhase: Readonly<Record<InstancePhase, readonly AskedAction[]>> = {
  created: ['start', 'rename', 'remove'],
  starting: ['kill', 'remove'],
  running: ['stop', 'pause', 'snapshot', 'clone', 'migrate', 'rename', 'reset', 'kill', 'remove'],
  paused: ['resume', 'stop', 'snapshot', 'clone', 'rename', 'reset', 'kill', 'remove'],
  stopping: ['kill', 'remove'],
  stopped: ['start', 'rename', 'remove'],
  failed: ['start', 'rename', 'remove'],
};

export const actionIcons: Readonly<Record<AskedAction, IconName>> = {
  start: 'start',
  stop: 'stop',
  kill: 'kill',
  pause: 'pause',
  resume: 'start',
  reset: 'reset',
  remove: 'remove',
  snapshot: 'snapshot',
  clone: 'clone',
  migrate: 'migrate',
  rename: 'edit',
};

/** What not every kind of instance can. */
const needed: Partial<Readonly<Record<AskedAction, InstanceAbility>>> = {
  pause: 'pause',
  snapshot: 'checkpoint',
  clone: 'checkpoint',
  migrate: 'migrate',
};

/** What ends the work of a task that is at it; everything else waits. */
const interrupts: ReadonlySet<LabAction> = new Set(['kill', 'remove']);

/** What can be asked of an instance now. While it is being removed that is nothing but the undo of it. */
export function actionsOf({ state, task, abilities, demand }: InstanceRecord): readonly AskedAction[] {
  if (task?.action === 'remove') return [];
  const offered: readonly AskedAction[] = demand?.asleep
    ? ['start', 'stop', 'rename', 'remove']
    : actionsByPhase[state.phase];
  const actions = offered.filter((action) => {
    const ability = needed[action];
    return ability === undefined || abilities.has(ability);
  });
  return task ? actions.filter((action) => interrupts.has(action)) : actions;
}

/** The menu of an instance: consoles first, then what can be done, then where it can move. */
export function instanceMenu(store: Store, record: InstanceRecord): readonly MenuItem[] {
  const running = record.state.phase === 'running';
  if (record.task?.action === 'remove') return [{ id: 'undo', label: text.tasks.undo, icon: 'reset' }];
  return [
    { id: 'open', label: text.open, icon: 'machine' },
    ...(running && record.abilities.has('exec')
      ? [{ id: 'shell', label: text.dock.newShell, icon: 'terminal' } as const]
      : []),
    ...actionsOf(record).map((action) => ({
      id: action,
      label: text.actions[action],
      icon: actionIcons[action],
      ...(action === 'migrate' && { detail: text.dialogs.migrate.here }),
      ...(action === 'remove' && { danger: true }),
    })),
    ...(running && !record.task && record.abilities.has('migrate')
      ? store.hosts.map(({ id, label }) => ({
          id: `host ${id}`,
          label: text.actions.migrate,
          detail: text.dialogs.migrate.label(label),
          icon: 'migrate' as const,
        }))
      : []),
  ];
}

/** Does what was picked from {@link instanceMenu}. */
export function actOn(store: Store, record: InstanceRecord, picked: string): void {
  const { id, name } = record;
  const plain = plainActions.find((action) => action === picked);
  if (plain) store.act(plain, id);
  else if (picked === 'undo' && record.task) store.cancel(record.task.id);
  else if (picked === 'open') store.select(id);
  else if (picked === 'shell') openShell(store, id);
  else if (picked === 'clone') store.ask({ kind: 'clone', source: { instance: id }, name });
  else if (picked === 'snapshot' || picked === 'rename') store.ask({ kind: picked, id });
  else if (picked.startsWith('host ')) store.migrate(id, picked.slice('host '.length));
}

function openShell(store: Store, id: string): void {
  if (store.terminals.openShell(id) !== undefined) store.go({ view: 'machine', id, tab: 'terminal' });
}
