import type { ContainerCreateBody } from '../../api/container';
import { SandboxError } from '../../base/errors';
import { isHostLabel } from '../../formats/host-label';
import type { StoredContainer } from './container-records';
import { unikernelRuntime } from './system-mode';

/** `InvalidArgument` for what a unikernel cannot have, with what comes nearest. What holds for it anyway is no matter. */
export function checkUnikernel(body: ContainerCreateBody, { config, host, mounts }: StoredContainer): void {
  const { NetworkMode = '', PidMode = '', IpcMode = '', Hostname = '' } = { ...host, ...config };
  const shares = (mode: string): boolean => mode === 'host' || mode.startsWith('container:');
  const given: readonly (readonly [wished: boolean | undefined, message: string])[] = [
    [Boolean(body.Entrypoint?.length), 'it runs its one program: leave out --entrypoint'],
    [
      mounts.some(({ kind }) => kind === 'tmpfs'),
      'it has no directories that anything could be mounted on: give it files of the shared folder, by -v /PATH:/PATH',
    ],
    [host.Runtime !== unikernelRuntime, 'a tender is what runs it: leave out --runtime'],
    [shares(NetworkMode), `it has network cards of its own, not those of ${NetworkMode}: put it on a network`],
    [shares(PidMode) || shares(IpcMode), 'it shares no namespace: leave out --pid and --ipc'],
    [
      host.Privileged || Boolean(host.CapAdd?.length),
      'there is no kernel below it that could give it privileges: leave out --privileged and --cap-add',
    ],
    [Boolean(host.Devices?.length), 'it has the devices that its module declares: leave out --device'],
    [
      config.Healthcheck?.Test?.some((each) => each !== 'NONE'),
      'it has no programs that could check its health: ask for it over its network',
    ],
    [!isHostLabel(Hostname), `its host name has to be a label of a to z, 0 to 9 and inner hyphens, not "${Hostname}"`],
  ];
  const wrong = given.find(([wished]) => wished);
  if (wrong) throw new SandboxError('InvalidArgument', `${body.Image} is a unikernel: ${wrong[1]}`);
}

/** What is understood of a unikernel's wishes and has no effect. */
export function unikernelWarnings({ Env = [], User = '', WorkingDir = '' }: ContainerCreateBody): readonly string[] {
  return [
    ...(Env.length > 0 ? ['A unikernel has no environment. Give it arguments in place of -e.'] : []),
    ...(User !== '' ? ['A unikernel has no users. -u discarded.'] : []),
    ...(WorkingDir !== '' ? ['A unikernel has no directories. -w discarded.'] : []),
  ];
}
