import type { InstanceId } from '../api/instance';
import { SandboxError } from '../base/errors';
import type { InstanceRecord } from '../engine/instance-record';
import { serializeVmProfile } from '../formats/vm-profile';
import { saveFile } from './save-file';
import { machineWords } from './text/machine-words';

/** Saves what a machine is made of as a file; `FailedPrecondition` for one that does not start from its own disks. */
export async function exportProfile(records: readonly InstanceRecord[], id: InstanceId): Promise<void> {
  const spec = records.find((record) => record.id === id)?.spec;
  if (spec?.kind !== 'vm' || !spec.firmware) {
    throw new SandboxError('FailedPrecondition', machineWords.profile.none);
  }
  const { name, memoryMiB, devices, nics = [], disks = [], firmware } = spec;
  const profile = serializeVmProfile({ name, memoryMiB, devices, nics, disks, firmware });
  await saveFile({ name: `${name}.json`, stream: new Blob([profile]).stream() }, () => {});
}
