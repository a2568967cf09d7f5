import type { Instance, Process } from '../../api/instance';
import type { Clock } from '../../base/clock';
import { SandboxError, toSandboxError } from '../../base/errors';
import { sharedTag } from './host-paths';
import { HostRuntime } from './host-runtime';
import { bringHost, endEarlier, type HostPrograms, startHost } from './host-setup';

export interface OpenRuntimeOptions {
  readonly instance: Instance;
  /** Fetched where the guest has none, or older ones. */
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
  const start = (): Promise<Process> => startHost(instance, shape);
  const runtime = await startCurrent(start, clock).catch(async (error: unknown) => {
    const brought = await programsAfter(error, programs);
    let serve = (): Promise<Process> => {
      // Once it is there, it is started again by itself.
      serve = start;
      return bringHost(instance, brought, shape);
    };
    return HostRuntime.start({ serve: () => serve(), clock });
  });
  return { runtime, goesOn };
}

/** The runtime that the guest has. Errors: it has none, it does not run, or it does less than is asked of it here. */
async function startCurrent(serve: () => Promise<Process>, clock: Clock): Promise<HostRuntime> {
  const runtime = await HostRuntime.start({ serve, clock });
  if (await runtime.isCurrent().catch(() => false)) return runtime;
  runtime.dispose();
  throw new SandboxError('Unavailable', 'The container runtime of the host is of an earlier version');
}

/** What is to be brought since the guest's own failed; that is told where it cannot be had. */
async function programsAfter(error: unknown, programs: () => Promise<HostPrograms>): Promise<HostPrograms> {
  try {
    return await programs();
  } catch (cause) {
    const [own, missing] = [toSandboxError(error), toSandboxError(cause)];
    const message = `${own.message}. A newer one cannot be had: ${missing.message}`;
    throw new SandboxError(missing.code, message, { cause });
  }
}
