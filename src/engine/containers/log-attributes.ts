import type { HostConfig } from '../../api/container';
import { SandboxError } from '../../base/errors';
import type { StoredContainer } from './container-records';
import { commandOf } from './merge-config';

type LogConfig = HostConfig['LogConfig'];

/** What `--log-opt tag` may name (moby, daemon/logger/loginfo.go). */
const tagFields: Readonly<Record<string, (stored: StoredContainer) => string>> = {
  ID: ({ id }) => id.slice(0, 12),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ image }) => image.digest.slice(0, 12),
  ImageFullID: ({ image }) => image.digest,
  ImageName: ({ image }) => image.name,
  Command: ({ config }) => commandOf(config).join(' '),
  DaemonName: () => 'docker',
};

const field = /\{\{\s*\.(\w+)\s*\}\}/g;

/** `InvalidArgument` for a tag or an expression that cannot be. */
export function checkLogAttributes(config: LogConfig): void {
  const { tag = '', 'labels-regex': labels = '', 'env-regex': env = '' } = config?.Config ?? {};
  const rest = tag.replace(field, (_, name: string) => {
    if (Object.hasOwn(tagFields, name)) return '';
    throw invalid(`template: log-tag: can't evaluate field ${name}`);
  });
  if (rest.includes('{{')) throw invalid(`template: log-tag: only fields can be named here, as {{.Name}}: ${tag}`);
  for (const text of [labels, env]) {
    try {
      new RegExp(text);
    } catch {
      throw invalid(`error parsing regexp: ${text}`);
    }
  }
}

/**
 * What `docker logs --details` has in front of each line: the labels, variables and the tag that the options of the log name
 * (moby, daemon/logger/jsonfilelog and api/server/httputils/write_log_stream.go), and a space.
 */
export function logDetails(stored: StoredContainer): string {
  const { host, config } = stored;
  const options = host.LogConfig?.Config ?? {};
  const variables = (config.Env ?? []).map((each) => {
    const at = each.indexOf('=');
    return [each.slice(0, at), each.slice(at + 1)] as const;
  });
  const tag = (options['tag'] ?? '').replace(field, (_, name: string) => tagFields[name]?.(stored) ?? '');
  const attributes = new Map([
    ...chosen(Object.entries(config.Labels ?? {}), options['labels'], options['labels-regex']),
    ...chosen(variables, options['env'], options['env-regex']),
    ...(tag === '' ? [] : [['tag', tag] as const]),
  ]);
  const shown = [...attributes]
    .map(([name, value]) => [queryEscape(name), queryEscape(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  return `${shown.join(',')} `;
}

function chosen(
  all: readonly (readonly [name: string, value: string])[],
  list = '',
  pattern = '',
): readonly (readonly [name: string, value: string])[] {
  const names = new Set(list.split(','));
  const fits = pattern === '' ? undefined : new RegExp(pattern);
  return all.filter(([name]) => name !== '' && (names.has(name) || (fits?.test(name) ?? false)));
}

/** As Go's url.QueryEscape. */
function queryEscape(text: string): string {
  const escaped = encodeURIComponent(text).replaceAll('%20', '+');
  return escaped.replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
