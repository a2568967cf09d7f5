import type { DockerSet, MountSpec } from '../../../api/container';
import { parseByteSize } from '../../../formats/byte-size';

export interface Volumes {
  readonly binds: readonly string[];
  /** Anonymous ones. */
  readonly volumes: DockerSet;
}

/** `-v`: `[SOURCE:]TARGET[:OPTIONS]`. A source that begins with a dot is below `folder`. */
export function parseVolumes(specs: readonly string[], folder: string): Volumes {
  const binds: string[] = [];
  const volumes: Record<string, Record<string, never>> = {};
  for (const spec of specs) {
    const [source = '', target, ...more] = spec.split(':');
    if (spec.split(':').includes('')) throw new Error(`invalid spec: ${spec}: empty section between colons`);
    if (more.length > 1) throw new Error(`invalid volume specification: '${spec}'`);
    if (target === undefined) {
      if (source === '/') throw new Error("invalid volume: invalid specification: destination can't be '/'");
      volumes[source] = {};
    } else binds.push([/^\.{1,2}(\/|$)/.test(source) ? joinPath(folder, source) : source, target, ...more].join(':'));
  }
  return { binds, volumes };
}

/** `--tmpfs`: `PATH[:OPTIONS]`. */
export function parseTmpfs(specs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    specs.map((spec) => {
      const colon = spec.indexOf(':');
      return colon < 0 ? [spec, ''] : [spec.slice(0, colon), spec.slice(colon + 1)];
    }),
  );
}

type Building = { -readonly [K in keyof MountSpec]: MountSpec[K] };

/** `--mount type=bind,source=…,target=…` (docs.docker.com/engine/storage). */
export function parseMount(spec: string, folder: string): MountSpec {
  const mount: Building = { Type: 'volume', Target: '' };
  const bind: Record<string, unknown> = {};
  const volume: Record<string, unknown> = {};
  const tmpfs: Record<string, unknown> = {};
  const labels: Record<string, string> = {};
  const options: Record<string, string> = {};
  for (const field of splitFields(spec)) {
    const at = field.indexOf('=');
    const key = (at < 0 ? field : field.slice(0, at)).trim().toLowerCase();
    const value = at < 0 ? undefined : field.slice(at + 1);
    if (value === undefined && !['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive'].includes(key)) {
      throw new Error(`invalid field '${field}' must be a key=value pair`);
    }
    const given = value ?? '';
    switch (key) {
      case 'type':
        mount.Type = typeOf(given);
        break;
      case 'source':
      case 'src':
        mount.Source = /^\.{1,2}(\/|$)/.test(given) ? joinPath(folder, given) : given;
        break;
      case 'target':
      case 'dst':
      case 'destination':
        mount.Target = given;
        break;
      case 'readonly':
      case 'ro':
        mount.ReadOnly = yes(key, value);
        break;
      case 'consistency':
        mount.Consistency = given;
        break;
      case 'bind-propagation':
        bind['Propagation'] = given;
        break;
      case 'bind-create-src':
        bind['CreateMountpoint'] = yes(key, value);
        break;
      case 'volume-nocopy':
        volume['NoCopy'] = yes(key, value);
        break;
      case 'volume-subpath':
        volume['Subpath'] = given;
        break;
      case 'volume-label':
        setPair(labels, given);
        break;
      case 'volume-driver':
        volume['DriverConfig'] = { Name: given };
        break;
      case 'volume-opt':
        setPair(options, given);
        break;
      case 'tmpfs-size':
        tmpfs['SizeBytes'] = parseByteSize(given);
        break;
      case 'tmpfs-mode':
        if (!/^[0-7]+$/.test(given)) throw new Error(`invalid value for ${key}: ${given}`);
        tmpfs['Mode'] = Number.parseInt(given, 8);
        break;
      default:
        throw new Error(`unexpected key '${key}' in '${field}'`);
    }
  }
  if (Object.keys(labels).length > 0) volume['Labels'] = labels;
  if (Object.keys(options).length > 0) volume['DriverConfig'] = { ...Object(volume['DriverConfig']), Options: options };
  checkKind(mount.Type, { bind, volume, tmpfs });
  if (mount.Target === '') throw new Error('target is required');
  return {
    ...mount,
    ...(Object.keys(bind).length > 0 && { BindOptions: bind }),
    ...(Object.keys(volume).length > 0 && { VolumeOptions: volume }),
    ...(Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }),
  };
}

function checkKind(type: MountSpec['Type'], options: Readonly<Record<string, object>>): void {
  for (const [kind, own] of Object.entries(options)) {
    if (kind !== type && Object.keys(own).length > 0) {
      throw new Error(`cannot mix '${kind}-*' options with mount type '${type}'`);
    }
  }
}

const types: readonly MountSpec['Type'][] = ['bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster'];

function typeOf(given: string): MountSpec['Type'] {
  const type = types.find((each) => each === given.toLowerCase());
  if (!type) throw new Error(`mount type unknown: ${JSON.stringify(given)}`);
  return type;
}

function yes(key: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new Error(`invalid value for ${key}: ${value}`);
}

function setPair(into: Record<string, string>, given: string): void {
  const at = given.indexOf('=');
  into[at < 0 ? given : given.slice(0, at)] = at < 0 ? '' : given.slice(at + 1);
}

/** Fields between commas; one in quotes may have commas itself. */
function splitFields(spec: string): readonly string[] {
  return [...spec.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, field = '']) =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
  );
}

/** A path from a folder, without dots. */
function joinPath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
