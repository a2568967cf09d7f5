import type { ContainerSpec } from '../../api/container-host';
import { emptyDigest } from '../../formats/digest';
import type { ImageConfig } from '../../formats/image-config';
import { rehearsedPort } from '../../runtime/container/host-rehearsal';
import { warmUpId } from '../../runtime/container/host-warm-up';
import { portName } from '../../runtime/container/port-guard';
import { containerSpec } from './container-spec';
import { createdContainer } from './create-container';

/** The host's own runtime, mounted where the container's program is: a static one that is there without any image. */
const program = { destination: '/warm-up', type: 'bind', source: '/bin/strata-oci', options: ['bind', 'ro'] } as const;

const { bridge, mac, address } = rehearsedPort;
const nic = {
  name: 'eth0',
  bridge,
  host: portName(rehearsedPort),
  mac,
  mtu: 1500,
  addresses: [`${address}/24`],
  routes: [{ to: 'default', via: '192.0.2.1' }],
};

const noConfig: ImageConfig = {
  platform: { os: 'linux', architecture: '386' },
  run: { exposedPorts: [], env: [], volumes: [], labels: {}, onBuild: [] },
  diffIds: [],
  history: [],
};

/**
 * A throw-away container that takes a host through all that a usual `docker run --rm` does, as far as that is possible without
 * an image and without a trace on a network.
 */
export function warmUpContainer(): ContainerSpec {
  const id = warmUpId;
  const stored = createdContainer(
    {
      Image: '',
      Cmd: [program.destination, '--version'],
      HostConfig: { AutoRemove: true, NetworkMode: 'none' },
    },
    {
      id,
      name: id,
      now: 0,
      image: { id: emptyDigest, manifest: emptyDigest, config: noConfig, layers: [] },
      inherited: [],
      newVolumeName: () => id,
      networkName: (reference) => reference,
    },
  );
  const spec = containerSpec(stored, {
    user: { user: { uid: 0, gid: 0 }, home: '/root' },
    nics: [],
    pids: new Map(),
    files: { addresses: [], nameServer: undefined, domain: undefined },
  });
  const { config } = spec;
  return {
    ...spec,
    config: {
      ...config,
      mounts: [...(config.mounts ?? []), program],
      annotations: { ...config.annotations, 'org.strata.network': JSON.stringify([nic]) },
    },
  };
}
