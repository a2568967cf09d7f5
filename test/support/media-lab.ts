import type { DriveKind } from '../../src/api/disk';
import type { VmSpec } from '../../src/api/instance';
import type { InstanceRecord } from '../../src/engine/instance-record';
import type { Lab } from '../../src/engine/lab';
import { ScreenReader } from './screen-reader';

/** A machine that was made of a file, and its screen. */
export interface MediaMachine {
  readonly record: InstanceRecord;
  readonly screen: ScreenReader;
}

/** Drops a file on a lab, as it were, and waits until its machine runs. */
export async function launch(
  lab: Lab,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  drive: DriveKind,
  change: Partial<VmSpec> = {},
): Promise<MediaMachine> {
  const draft = {
    kind: 'vm',
    name,
    memoryMiB: 32,
    devices: 'emulated',
    containerHost: false,
    firmware: { boot: [drive] },
    disks: [{ drive, sizeMiB: 4 }],
    ...change,
  } as const;
  await lab.launchMachine(draft, [{ name: `${name}.img`, content: new Blob([bytes]) }]).finished;
  return lookAt(lab, await running(lab, name));
}

export function lookAt(lab: Lab, record: InstanceRecord): MediaMachine {
  return { record, screen: new ScreenReader(lab.instance(record.id)) };
}

/** Resolves when the instance runs, and is not being worked on any more. */
export async function running(lab: Lab, name: string): Promise<InstanceRecord> {
  return reached(lab, name, ({ state, task }) => state.phase === 'running' && task === undefined);
}

export async function reached(
  lab: Lab,
  name: string,
  condition: (record: InstanceRecord) => boolean,
): Promise<InstanceRecord> {
  for (;;) {
    const record = lab.list().find((each) => each.name === name);
    if (record && condition(record)) return record;
    if (record?.state.phase === 'failed') throw new Error(record.state.error?.message);
    await new Promise<void>((resolve) => {
      const listener = lab.changes(() => {
        listener.dispose();
        resolve();
      });
    });
  }
}
