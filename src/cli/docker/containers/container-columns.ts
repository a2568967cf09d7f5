import type { ContainerSummary, PortSummary } from '../../../api/container';
import type { Column } from '../../format/format-rows';
import { ago, ellipsis, goTime, humanSize, shortId } from '../../format/units';

/** Columns of a command or a mount in a table. */
const commandLimit = 20;
const mountLimit = 15;

interface Options {
  /** Nothing is cut short. */
  readonly whole: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What templates of `docker ps` can say of a container. */
export function containerColumns({ whole, now }: Options): readonly Column<ContainerSummary>[] {
  return [
    { name: 'ID', header: 'CONTAINER ID', value: ({ Id }) => (whole ? Id : shortId(Id)) },
    { name: 'Names', header: 'NAMES', value: ({ Names }) => namesOf(Names, whole) },
    { name: 'Image', header: 'IMAGE', value: (each) => imageOf(each, whole) },
    {
      name: 'Command',
      header: 'COMMAND',
      value: ({ Command }) => JSON.stringify(whole ? Command : ellipsis(Command, commandLimit)),
    },
    { name: 'CreatedAt', header: 'CREATED AT', value: ({ Created }) => goTime(Created) },
    { name: 'RunningFor', header: 'CREATED', value: ({ Created }) => ago(Created, now) },
    { name: 'Ports', header: 'PORTS', value: ({ Ports }) => portsOf(Ports ?? []) },
    { name: 'State', header: 'STATE', value: ({ State }) => State },
    { name: 'Status', header: 'STATUS', value: ({ Status }) => Status },
    { name: 'Size', header: 'SIZE', value: sizeOf },
    { name: 'Labels', header: 'LABELS', value: ({ Labels }) => labelText(Labels) },
    {
      name: 'Label',
      header: 'LABEL',
      method: true,
      value:
        ({ Labels }) =>
        (name: string) =>
          Labels?.[name] ?? '',
    },
    { name: 'Mounts', header: 'MOUNTS', value: ({ Mounts }) => mountsOf(Mounts ?? [], whole) },
    {
      name: 'LocalVolumes',
      header: 'LOCAL VOLUMES',
      value: ({ Mounts }) => String((Mounts ?? []).filter(({ Driver }) => Driver === 'local').length),
    },
    {
      name: 'Networks',
      header: 'NETWORKS',
      value: ({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {}).join(','),
    },
    { name: 'Platform', header: 'PLATFORM', value: () => null },
  ];
}

export function labelText(labels: Readonly<Record<string, string>> | null | undefined): string {
  const entries = Object.entries(labels ?? {}).map(([name, value]) => `${name}=${value}`);
  return entries.sort().join(',');
}

/** Without those that a link gave it. */
function namesOf(names: readonly string[], whole: boolean): string {
  const own = names.map((name) => name.replace(/^\//, ''));
  return (whole ? own : own.filter((name) => !name.includes('/'))).join(',');
}

function imageOf({ Image, ImageID }: ContainerSummary, whole: boolean): string {
  if (Image === '') return '<no image>';
  if (whole) return Image;
  const plain = Image.replace(/^sha256:/, '');
  if (shortId(ImageID) === shortId(Image) || /^[0-9a-f]{64}$/.test(plain)) return shortId(Image);
  return Image.includes('@') && /:[^/@]+@/.test(Image) ? Image.slice(0, Image.indexOf('@')) : Image;
}

function sizeOf({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = humanSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}

function mountsOf(mounts: ContainerSummary['Mounts'], whole: boolean): string {
  const names = mounts.map(({ Name, Source }) => (Name === undefined || Name === '' ? Source : Name));
  return names.map((name) => (whole ? name : ellipsis(name, mountLimit))).join(',');
}

interface PortRun {
  readonly ip: string;
  readonly type: string;
  readonly first: number;
  readonly last: number;
  /** Absent: not published. */
  readonly published?: number;
}

/** Ports in docker's order, neighbours joined: `0.0.0.0:8080-8081->80-81/tcp, 443/tcp`. */
function portsOf(ports: readonly PortSummary[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compare(a.IP ?? '', b.IP ?? '') ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compare(a.Type, b.Type),
  );
  const runs: PortRun[] = [];
  const single: string[] = [];
  const open = new Map<string, PortRun>();
  for (const { IP = '', PrivatePort, PublicPort = 0, Type } of sorted) {
    // Only ports with the same number on both sides are joined, as docker does.
    if (IP !== '' && PublicPort !== PrivatePort) {
      single.push(`${host(IP)}:${PublicPort}->${PrivatePort}/${Type}`);
      continue;
    }
    const key = `${IP}/${Type}`;
    const before = open.get(key);
    const run: PortRun = { ip: IP, type: Type, first: PrivatePort, last: PrivatePort };
    if (before?.last === PrivatePort - 1) open.set(key, { ...before, last: PrivatePort });
    else {
      if (before) runs.push(before);
      open.set(key, run);
    }
  }
  runs.push(...open.values());
  return [...runs.map(runText), ...single].join(', ');
}

function runText({ ip, type, first, last }: PortRun): string {
  const ports = first === last ? String(first) : `${first}-${last}`;
  return ip === '' ? `${ports}/${type}` : `${host(ip)}:${ports}->${ports}/${type}`;
}

const host = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
