import type { UnikernelImageSource } from '../../api/unikernel';
import type { Lab } from '../lab';
import { defaultNetwork } from '../networks';
import type { ArtifactLoader } from '../store-client';
import { artifactPart } from './artifact-bytes';
import type { ServiceForm } from './form';
import { finished } from './lab-task';
import { ownNames } from './own-names';
import { servicePage, servicePort, serviceUnikernel } from './service';

export interface UnikernelFormOptions {
  readonly lab: Pick<Lab, 'create' | 'start' | 'instance'>;
  readonly artifacts: Pick<ArtifactLoader, 'resolve'>;
  readonly modules: Pick<UnikernelImageSource, 'load'>;
}

/** What it can grow to, MiB. */
const memoryMiB = 4;

/** One module with its own TCP/IP stack. */
export function unikernelForm({ lab, artifacts, modules }: UnikernelFormOptions): ServiceForm {
  const load = (operation = {}) => modules.load(serviceUnikernel, 'module', operation);
  return {
    form: 'unikernel',
    async prepare(operation) {
      await load(operation);
    },
    async start(operation) {
      const { id, nics } = await lab.create({
        kind: 'unikernel',
        name: ownNames.unikernel,
        image: serviceUnikernel,
        args: [],
        config: { '/www/index.html': servicePage },
        memoryMiB,
        addressing: 'static',
      });
      await finished(lab.start(id), operation);
      return {
        network: defaultNetwork.name,
        endpoint: { address: nics[0]?.address ?? '', port: servicePort },
        async memory() {
          const { memory } = await lab.instance(id).stats();
          return { used: memory.used, limit: memoryMiB * 1024 * 1024 };
        },
        async surface() {
          const module = await WebAssembly.compile((await load()).bytes);
          const names = WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
          return { kind: 'imports', names };
        },
      };
    },
    parts: async () => [await artifactPart(artifacts, serviceUnikernel, false)],
  };
}
