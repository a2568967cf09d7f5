import type { InstanceId } from '../../api/instance';
import { SandboxError } from '../../base/errors';

/** What `preview.json` beside the page says; deployers write it (docs/PREVIEW.md). */
interface PreviewConfig {
  /** Origin of previews, with `{name}` for what differs: "https://{name}.preview.example.org". */
  readonly origin?: string;
}

/** `InvalidArgument` for a configuration that would show guests' pages on one origin, or on the app's. */
export function readPreviewConfig(config: unknown, appOrigin: string): string | undefined {
  const { origin } = (typeof config === 'object' && config !== null ? config : {}) as PreviewConfig;
  if (origin === undefined) return undefined;
  const pattern = String(origin);
  const example = pattern.replace('{name}', 'a');
  const right = /^https?:\/\/\{name\}\.[^/{}]+$/.test(pattern) && URL.canParse(example);
  if (right && new URL(example).origin !== appOrigin) return pattern;
  const message = `preview.json: "${pattern.slice(0, 100)}" is no origin of previews; it has {name} as its first label`;
  throw new SandboxError('InvalidArgument', message);
}

/** Each published port has an origin of its own: what pages keep there, no other page sees. */
export function originOf(pattern: string, instance: InstanceId, port: number): string {
  return pattern.replace('{name}', `${instance}-${port}`);
}

/** Whether an address is of a preview. */
export function isPreview(pattern: string, address: string): boolean {
  const [scheme = '', rest = ''] = pattern.split('{name}');
  try {
    const { origin } = new URL(address);
    const name = origin.slice(scheme.length, origin.length - rest.length);
    return origin === `${scheme}${name}${rest}` && /^[a-z0-9-]+$/.test(name);
  } catch {
    return false;
  }
}
