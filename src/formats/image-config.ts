import type { Digest } from '../api/content-store';
import type { Platform } from '../api/image';
import {
  type Fields,
  optionalString,
  readAnnotations,
  readCount,
  readDigest,
  readDocument,
  readList,
  readPlatform,
  readRecord,
  readString,
  refused,
} from './oci-parse';

/** An image's config (image-spec v1.1, config.md), with what docker adds to it. */
export interface ImageConfig {
  readonly platform: Platform;
  /** RFC 3339, as it was written. */
  readonly created?: string;
  readonly author?: string;
  readonly run: RunConfig;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
}

/** How a container of the image is run, unless it is told otherwise. */
export interface RunConfig {
  /** `user`, `uid`, `user:group`, `uid:gid` */
  readonly user?: string;
  /** `80/tcp` */
  readonly exposedPorts: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** Paths. */
  readonly volumes: readonly string[];
  readonly workingDir?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `SIGTERM` */
  readonly stopSignal?: string;
  readonly healthcheck?: Healthcheck;
  /** What runs a command that is one text. */
  readonly shell?: readonly string[];
  readonly onBuild: readonly string[];
}

/** Docker's; times in nanoseconds, 0 or absent for the usual. */
export interface Healthcheck {
  /** `['CMD', …]`, `['CMD-SHELL', text]`, `['NONE']`; empty to take over that of the image below. */
  readonly test: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

/** What made a layer; `emptyLayer` when it changed no files. */
export interface HistoryEntry {
  readonly created?: string;
  readonly createdBy?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly emptyLayer?: boolean;
}

export const emptyRunConfig: RunConfig = { exposedPorts: [], env: [], volumes: [], labels: {}, onBuild: [] };

/** `InvalidArgument` names the field that has not its shape. What is not known here is left out. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const root = readDocument(bytes, 'config');
  const rootfs = readRecord(root['rootfs'], 'config.rootfs');
  if (rootfs['type'] !== 'layers') throw refused('config.rootfs.type', '"layers"', rootfs['type']);
  return {
    platform: readPlatform(root, 'config'),
    ...texts(root, 'config', { created: 'created', author: 'author' }),
    run: root['config'] === undefined || root['config'] === null ? emptyRunConfig : readRun(root['config']),
    diffIds: listOr(rootfs['diff_ids'], 'config.rootfs.diff_ids', readDigest) ?? [],
    history: listOr(root['history'], 'config.history', readHistoryEntry) ?? [],
  };
}

/** JSON, the same bytes for the same config. The other half of {@link parseImageConfig}. */
export function serializeImageConfig(config: ImageConfig): Uint8Array<ArrayBuffer> {
  const { platform, created, author, run, diffIds, history } = config;
  return new TextEncoder().encode(
    JSON.stringify({
      created,
      author,
      architecture: platform.architecture,
      os: platform.os,
      variant: platform.variant,
      config: writeRun(run),
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: history.map((entry) => ({
        created: entry.created,
        created_by: entry.createdBy,
        author: entry.author,
        comment: entry.comment,
        empty_layer: entry.emptyLayer,
      })),
    }),
  );
}

/** The `config` member of the document, and the `Config` that docker shows. */
export function writeRun(run: RunConfig): Fields {
  return {
    User: run.user,
    ExposedPorts: setOf(run.exposedPorts),
    Env: run.env.length > 0 ? run.env : undefined,
    Entrypoint: run.entrypoint,
    Cmd: run.cmd,
    Healthcheck: run.healthcheck && writeHealthcheck(run.healthcheck),
    Volumes: setOf(run.volumes),
    WorkingDir: run.workingDir,
    Labels: Object.keys(run.labels).length > 0 ? run.labels : undefined,
    StopSignal: run.stopSignal,
    Shell: run.shell,
    OnBuild: run.onBuild.length > 0 ? run.onBuild : undefined,
  };
}

function readRun(value: unknown): RunConfig {
  const fields = readRecord(value, 'config.config');
  const list = (name: string) => listOr(fields[name], `config.config.${name}`, readString);
  const keys = (name: string) => namesOf(fields[name], `config.config.${name}`);
  const [entrypoint, cmd, shell] = [list('Entrypoint'), list('Cmd'), list('Shell')];
  const healthcheck = fields['Healthcheck'];
  return {
    ...texts(fields, 'config.config', { user: 'User', workingDir: 'WorkingDir', stopSignal: 'StopSignal' }),
    exposedPorts: keys('ExposedPorts'),
    env: list('Env') ?? [],
    ...(entrypoint && { entrypoint }),
    ...(cmd && { cmd }),
    volumes: keys('Volumes'),
    labels: readAnnotations(fields['Labels'] ?? undefined, 'config.config.Labels') ?? {},
    ...(healthcheck !== undefined && healthcheck !== null && { healthcheck: readHealthcheck(healthcheck) }),
    ...(shell && { shell }),
    onBuild: list('OnBuild') ?? [],
  };
}

const healthcheckTimes = {
  interval: 'Interval',
  timeout: 'Timeout',
  startPeriod: 'StartPeriod',
  startInterval: 'StartInterval',
  retries: 'Retries',
} as const;

function readHealthcheck(value: unknown): Healthcheck {
  const path = 'config.config.Healthcheck';
  const fields = readRecord(value, path);
  const times = Object.entries(healthcheckTimes).flatMap(([key, name]) =>
    fields[name] === undefined ? [] : [[key, readCount(fields[name], `${path}.${name}`)] as const],
  );
  return { test: listOr(fields['Test'], `${path}.Test`, readString) ?? [], ...Object.fromEntries(times) };
}

function writeHealthcheck(healthcheck: Healthcheck): Fields {
  const keys = Object.keys(healthcheckTimes) as (keyof typeof healthcheckTimes)[];
  return {
    Test: healthcheck.test,
    ...Object.fromEntries(keys.map((key) => [healthcheckTimes[key], healthcheck[key]])),
  };
}

function readHistoryEntry(value: unknown, path: string): HistoryEntry {
  const fields = readRecord(value, path);
  const empty = fields['empty_layer'];
  if (empty !== undefined && typeof empty !== 'boolean') throw refused(`${path}.empty_layer`, 'a boolean', empty);
  return {
    ...texts(fields, path, { created: 'created', createdBy: 'created_by', author: 'author', comment: 'comment' }),
    ...(empty && { emptyLayer: true }),
  };
}

/** Those of the texts that are there; docker writes an empty one for one that is not. */
function texts<Key extends string>(
  fields: Fields,
  path: string,
  names: Readonly<Record<Key, string>>,
): { readonly [K in Key]?: string } {
  const found = Object.entries<string>(names).flatMap(([key, name]) => {
    const text = optionalString(fields[name] ?? undefined, `${path}.${name}`);
    return text === undefined || text === '' ? [] : [[key, text] as const];
  });
  return Object.fromEntries(found) as { readonly [K in Key]?: string };
}

/** docker writes null for a list that is not there. */
function listOr<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): readonly T[] | undefined {
  return value === undefined || value === null ? undefined : readList(value, path, read);
}

/** Go's `map[string]struct{}`: a set. */
function namesOf(value: unknown, path: string): readonly string[] {
  return value === undefined || value === null ? [] : Object.keys(readRecord(value, path));
}

function setOf(names: readonly string[]): Fields | undefined {
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, {}]));
}
