import type { Autosave } from './autosave';
import type { Fleet } from './fleet';
import type { Entry } from './instance-record';

/** Starts a machine afresh: what it was is over, and it descends from whatever it is started from now. */
export async function beginAnew(
  entry: Entry,
  { fleet, autosave }: { readonly fleet: Fleet; readonly autosave: Autosave },
  begin: () => Promise<void>,
): Promise<void> {
  autosave.forget(entry);
  await begin();
  const { origin } = entry.instance;
  const [base] = origin;
  entry.lineage = { layers: origin, ...(base !== undefined && { base }) };
  if (entry.stored.snapshot !== undefined) await fleet.update(entry, { snapshot: undefined });
}
