import type { ContainerEngine } from '../../api/container-engine';
import { SandboxError } from '../../base/errors';
import { hostLabel } from '../containers/placement';
import { resolveSeccomp } from '../containers/seccomp';
import { defaultSeccompProfile } from '../containers/seccomp-profile';
import { hostDraft } from '../host-draft';
import type { Lab } from '../lab';
import type { ArtifactLoader } from '../store-client';
import { artifactPart } from './artifact-bytes';
import type { ServiceForm } from './form';
import { guestText } from './guest-text';
import { finished } from './lab-task';
import { ownNames } from './own-names';
import { serviceCommand, serviceImage, servicePort } from './service';
import { probeCommand, readProbe } from './system-call-probe';

export interface ContainerFormOptions {
  readonly lab: Pick<Lab, 'create' | 'start' | 'instance' | 'containers' | 'stations'>;
  readonly artifacts: Pick<ArtifactLoader, 'resolve'>;
}

/** The same image on a host of the container engine, with docker's usual limits. The host runs before. */
export function containerForm({ lab, artifacts }: ContainerFormOptions): ServiceForm {
  let hostId = '';
  return {
    form: 'container',
    async prepare(operation) {
      const { id } = await lab.create(hostDraft({ name: ownNames.host }));
      hostId = id;
      await finished(lab.start(id), operation);
      const { hosts } = await lab.containers();
      await hosts.open(ownNames.host, operation);
    },
    async start(operation) {
      const engine: ContainerEngine = await lab.containers();
      const { containers } = engine;
      const body = { Image: serviceImage, Cmd: serviceCommand, Labels: { [hostLabel]: ownNames.host } };
      const { Id: id } = await containers.create(body, { name: ownNames.container }, operation);
      await containers.start(id, operation);
      const [nic] = lab.stations().find(({ name }) => name === ownNames.container)?.nics ?? [];
      if (!nic) throw new SandboxError('Internal', `${ownNames.container} is on no network`);
      return {
        network: nic.network,
        endpoint: { address: nic.address, port: servicePort },
        async memory() {
          const { cgroup } = await containers.inspectKernel(id);
          return { used: Number(cgroup.files['memory.current']) };
        },
        async surface() {
          const { capabilities } = await containers.inspectKernel(id);
          return {
            kind: 'filtered',
            calls: readProbe(await containerText(engine, id, probeCommand())),
            kernelCalls: readProbe(await guestText(lab, hostId, probeCommand())),
            allowed: allowedCalls(capabilities.bounding),
          };
        },
      };
    },
    parts: () =>
      Promise.all([
        artifactPart(artifacts, `library/${serviceImage}:latest`, true),
        artifactPart(artifacts, 'strata/snapshot:host-128', false),
      ]),
  };
}

/** Names that the engine's own profile lets a process with these capabilities ask for. */
export function allowedCalls(capabilities: readonly string[]): number {
  const { syscalls = [] } = resolveSeccomp(defaultSeccompProfile, capabilities);
  return new Set(syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW').flatMap(({ names }) => names)).size;
}

async function containerText({ execs }: Pick<ContainerEngine, 'execs'>, id: string, line: string): Promise<string> {
  const { Id } = await execs.create(id, { AttachStdout: true, AttachStderr: true, Cmd: ['/bin/sh', '-c', line] });
  const { output } = await execs.start(Id, { detach: false });
  const bytes = output.pipeThrough(
    new TransformStream<{ readonly bytes: Uint8Array<ArrayBuffer> }, Uint8Array<ArrayBuffer>>({
      transform: ({ bytes: some }, controller) => controller.enqueue(some),
    }),
  );
  return new Response(bytes).text();
}
