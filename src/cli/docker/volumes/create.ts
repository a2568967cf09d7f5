import type { ContainerVolume, VolumeCreateBody } from '../../../api/container-volume';
import { bytes, list, map, text } from '../../grammar/flag';
import { docker } from '../docker-context';
import { labelsOf } from '../labels';

export const volumeCreate = docker({
  spellings: ['volume create'],
  summary: 'Create a volume',
  usage: '[OPTIONS] [VOLUME]',
  args: { min: 0, max: 1 },
  flags: {
    availability: text('Cluster Volume availability ("active", "pause", "drain")', { initial: 'active' }),
    driver: text('Specify volume driver name', { short: 'd', initial: 'local' }),
    group: text('Cluster Volume group (cluster volumes)'),
    label: list('Set metadata for a volume'),
    'limit-bytes': bytes('Minimum size of the Cluster Volume in bytes'),
    opt: map('Set driver specific options', { short: 'o' }),
    'required-bytes': bytes('Maximum size of the Cluster Volume in bytes'),
    scope: text('Cluster Volume access scope ("single", "multi")', { initial: 'single' }),
    secret: map('Cluster Volume secrets'),
    sharing: text('Cluster Volume access sharing ("none", "readonly", "onewriter", "all")', { initial: 'none' }),
    'topology-preferred': list('A topology that the Cluster Volume would be preferred in'),
    'topology-required': list('A topology that the Cluster Volume must be accessible from'),
    type: text('Cluster Volume access type ("mount", "block")', { initial: 'block' }),
  },
  async run({ args: [name], flags }, { engine, io }) {
    const json: VolumeCreateBody = {
      ...(name !== undefined && { Name: name }),
      Driver: flags.driver,
      DriverOpts: flags.opt,
      Labels: labelsOf(flags.label),
    };
    const volume = await engine.json<ContainerVolume>('POST', '/volumes/create', { json });
    await io.stdout.write(`${volume.Name}\n`);
    return 0;
  },
});
