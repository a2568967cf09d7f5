import type { Lab } from '../lab';
import { defaultNetwork } from '../networks';
import type { ArtifactLoader } from '../store-client';
import { artifactPart } from './artifact-bytes';
import type { ServiceForm } from './form';
import { guestText } from './guest-text';
import { finished } from './lab-task';
import { ownNames } from './own-names';
import { serviceCommand, serviceImage, servicePort } from './service';
import { probeCommand, readProbe } from './system-call-probe';

export interface VmFormOptions {
  readonly lab: Pick<Lab, 'createFromImage' | 'start' | 'instance' | 'list'>;
  readonly artifacts: Pick<ArtifactLoader, 'resolve'>;
}

/** A machine whose root is the image, with a kernel of its own. */
export function vmForm({ lab, artifacts }: VmFormOptions): ServiceForm {
  const find = () => lab.list().find(({ name }) => name === ownNames.vm);
  return {
    form: 'vm',
    // The image is fetched for all.
    prepare: async () => {},
    async start(operation) {
      const { id, nics, spec } = await lab.createFromImage({
        image: serviceImage,
        name: ownNames.vm,
        command: serviceCommand,
      });
      await finished(lab.start(id), operation);
      return {
        network: defaultNetwork.name,
        endpoint: { address: nics[0]?.address ?? '', port: servicePort },
        async memory() {
          const { memory } = await lab.instance(id).stats();
          // The guest counts without what its kernel took for itself before it began to count.
          const limit = spec.memoryMiB * 1024 * 1024;
          return { used: limit - (memory.total - memory.used), limit };
        },
        surface: async () => ({ kind: 'kernel', calls: readProbe(await guestText(lab, id, probeCommand())) }),
      };
    },
    async parts() {
      const booted =
        find()?.startMethod === 'cold-boot' ? ['strata/kernel:6.1', 'strata/firmware:1'] : ['strata/snapshot:vm-64'];
      return Promise.all([
        artifactPart(artifacts, `library/${serviceImage}:latest`, true),
        ...[...booted, 'strata/image-root:1'].map((reference) => artifactPart(artifacts, reference, false)),
      ]);
    },
  };
}
