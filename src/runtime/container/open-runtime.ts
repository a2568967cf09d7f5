import type { Instance, Process } from '../../api/instance';
import type { Clock } from '../../base/clock';
import { sharedTag } from './host-paths';
import { HostRuntime } from './host-runtime';
import { endEarlier, type HostPrograms, readyDirectory, startServe, startServeAgain } from './host-setup';

export interface OpenRuntimeOptions {
  readonly instance: Instance;
  /** Fetched where they are not in the guest yet. */
  readonly programs: () => Promise<HostPrograms>;
  readonly clock: Clock;
}

export interface OpenedRuntime {
  readonly runtime: HostRuntime;
  /** Whether the machine was a host before: there may be containers, networks and guarded ports of an earlier page. */
  readonly goesOn: boolean;
}

/** Sets a machine up to run containers, or finds it so. */
export async function openRuntime({ instance, programs, clock }: OpenRuntimeOptions): Promise<OpenedRuntime> {
  const goesOn = await endEarlier(instance);
  const { nics = [], shares = [] } = instance.spec.kind === 'vm' ? instance.spec : {};
  const shape = { nics: nics.length, shared: shares.some(({ tag }) => tag === sharedTag) };
  const serve = async (): Promise<Process> => startServe(instance, await programs(), shape);
  const found = goesOn ? await findRuntime(instance, clock) : undefined;
  return { runtime: found ?? (await HostRuntime.start({ serve, clock })), goesOn };
}

/**
 * The runtime of a guest that was set up before; undefined where the page ended in the middle of that, and where it is one that
 * does less than is asked of it here: the guest is set up with a newer one then.
 */
async function findRuntime(instance: Instance, clock: Clock): Promise<HostRuntime | undefined> {
  const runtime = await HostRuntime.start({ serve: () => startServeAgain(instance), clock }).catch(() => undefined);
  try {
    await runtime?.call('usage', { path: readyDirectory });
    if (await runtime?.takesNetlink()) return runtime;
  } catch {
    // It is set up again.
  }
  runtime?.dispose();
  return undefined;
}
