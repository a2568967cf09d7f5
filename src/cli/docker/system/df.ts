import type { ContainerSummary } from '../../../api/container';
import type { ContainerVolume } from '../../../api/container-volume';
import { type Column, formatRows } from '../../format/format-rows';
import { ago, humanSize, shortId } from '../../format/units';
import { bool, text } from '../../grammar/flag';
import { containerColumns } from '../containers/container-columns';
import { docker } from '../docker-context';
import { tableFormat } from '../format-usage';
import { type ImageSummary, imageColumns, imageRows } from '../images/image-columns';
import { volumeColumns } from '../volumes/volume-columns';

/** What `GET /system/df` answers. */
interface DiskUsage {
  readonly LayersSize?: number;
  readonly Images?: readonly ImageSummary[] | null;
  readonly Containers?: readonly ContainerSummary[] | null;
  readonly Volumes?: readonly ContainerVolume[] | null;
  readonly BuildCache?: readonly BuildCacheEntry[] | null;
}

interface BuildCacheEntry {
  readonly ID: string;
  readonly Type: string;
  readonly Size: number;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly CreatedAt?: string;
  readonly LastUsedAt?: string | null;
  readonly UsageCount?: number;
}

/** A line of the summary. */
interface Usage {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
}

export const df = docker({
  spellings: ['system df'],
  summary: 'Show docker disk usage',
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  flags: {
    format: text(tableFormat),
    verbose: bool('Show detailed information on space usage', { short: 'v' }),
  },
  async run({ flags }, { engine, io, clock }) {
    const usage = await engine.json<DiskUsage>('GET', '/system/df');
    const table = '{{.Type}}\\t{{.TotalCount}}\\t{{.Active}}\\t{{.Size}}\\t{{.Reclaimable}}';
    const text = flags.verbose
      ? details(usage, clock.now())
      : formatRows(summary(usage), columns, { format: flags.format, table, type: 'formatter.diskUsageImagesContext' });
    await io.stdout.write(text);
    return 0;
  },
});

const columns: readonly Column<Usage>[] = [
  { name: 'Type', header: 'TYPE', value: ({ type }) => type },
  { name: 'TotalCount', header: 'TOTAL', value: ({ total }) => String(total) },
  { name: 'Active', header: 'ACTIVE', value: ({ active }) => String(active) },
  { name: 'Size', header: 'SIZE', value: ({ size }) => humanSize(size) },
  { name: 'Reclaimable', header: 'RECLAIMABLE', value: reclaimable },
];

function reclaimable({ type, size, reclaimable: bytes }: Usage): string {
  const share = size > 0 && type !== 'Build Cache' ? ` (${Math.trunc((bytes * 100) / size)}%)` : '';
  return `${humanSize(bytes)}${share}`;
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, each) => total + of(each), 0);

function summary(usage: DiskUsage): readonly Usage[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = usage.BuildCache ?? [];
  const layers = usage.LayersSize ?? 0;
  const usedImages = images.filter(({ Containers = 0 }) => Containers > 0);
  const running = containers.filter(({ State }) => ['running', 'paused', 'restarting'].includes(State));
  const size = ({ SizeRw = 0 }: ContainerSummary): number => SizeRw;
  const volumeSize = ({ UsageData }: ContainerVolume): number => Math.max(0, UsageData?.Size ?? 0);
  const usedVolumes = volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0);
  return [
    {
      type: 'Images',
      total: images.length,
      active: usedImages.length,
      size: layers,
      reclaimable: Math.max(0, layers - sum(usedImages, (each) => each.Size - Math.max(0, each.SharedSize ?? 0))),
    },
    {
      type: 'Containers',
      total: containers.length,
      active: running.length,
      size: sum(containers, size),
      reclaimable: sum(containers, size) - sum(running, size),
    },
    {
      type: 'Local Volumes',
      total: volumes.length,
      active: usedVolumes.length,
      size: sum(volumes, volumeSize),
      reclaimable: sum(volumes, volumeSize) - sum(usedVolumes, volumeSize),
    },
    {
      type: 'Build Cache',
      total: cache.length,
      active: cache.filter(({ InUse }) => InUse).length,
      size: sum(cache, ({ Size }) => Size),
      reclaimable: sum(
        cache.filter(({ InUse, Shared }) => !InUse && !Shared),
        ({ Size }) => Size,
      ),
    },
  ];
}

function details(usage: DiskUsage, now: number): string {
  const whole = { whole: false, now };
  const images = formatRows(
    (usage.Images ?? []).flatMap((image) => imageRows([image], { digests: false, known: false }).slice(0, 1)),
    imageColumns(whole),
    {
      format: '',
      table:
        '{{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{.Size}}\\t{{.SharedSize}}\\t{{.UniqueSize}}\\t{{.Containers}}',
    },
  );
  const containers = formatRows(
    (usage.Containers ?? []).map(({ SizeRootFs: _, ...each }) => each),
    containerColumns(whole),
    {
      format: '',
      table:
        '{{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.LocalVolumes}}\\t{{.Size}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Names}}',
    },
  );
  const volumes = formatRows(usage.Volumes ?? [], volumeColumns, {
    format: '',
    table: '{{.Name}}\\t{{.Links}}\\t{{.Size}}',
  });
  const size = sum(usage.BuildCache ?? [], ({ Size }) => Size);
  const cache = formatRows(usage.BuildCache ?? [], cacheColumns(now), {
    format: '',
    table:
      '{{.ID}}\\t{{.CacheType}}\\t{{.Size}}\\t{{.CreatedSince}}\\t{{.LastUsedSince}}\\t{{.UsageCount}}\\t{{.Shared}}',
  });
  return [
    'Images space usage:\n\n',
    images,
    '\nContainers space usage:\n\n',
    containers,
    '\nLocal Volumes space usage:\n\n',
    volumes,
    `\nBuild cache usage: ${humanSize(size)}\n\n`,
    cache,
  ].join('');
}

function cacheColumns(now: number): readonly Column<BuildCacheEntry>[] {
  const since = (time: string | null | undefined): string => (time ? ago(time, now) : '');
  return [
    { name: 'ID', header: 'CACHE ID', value: ({ ID }) => shortId(ID) },
    { name: 'CacheType', header: 'CACHE TYPE', value: ({ Type }) => Type },
    { name: 'Size', header: 'SIZE', value: ({ Size }) => humanSize(Size, 3) },
    { name: 'CreatedSince', header: 'CREATED', value: ({ CreatedAt }) => since(CreatedAt) },
    { name: 'LastUsedSince', header: 'LAST USED', value: ({ LastUsedAt }) => since(LastUsedAt) },
    { name: 'UsageCount', header: 'USAGE', value: ({ UsageCount = 0 }) => String(UsageCount) },
    { name: 'Shared', header: 'SHARED', value: ({ Shared }) => String(Shared) },
  ];
}
