import { encodeBase64 } from '../../../base/base64';
import type { CommandIo } from '../../command-io';

/**
 * `--secret` of a build, as a header: `id=token,src=file`, `id=token,env=NAME`, or an id alone, which is the name of a
 * variable or else of a file (buildx, util/buildflags/secrets.go).
 */
export async function secretsHeader(
  given: readonly string[],
  io: Pick<CommandIo, 'files' | 'variables'>,
): Promise<Readonly<Record<string, string>>> {
  if (given.length === 0) return {};
  const secrets = await Promise.all(given.map((each) => readSecret(each, io)));
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(secrets)));
  return { 'X-Build-Secrets': encodeBase64(json).replaceAll('+', '-').replaceAll('/', '_') };
}

async function readSecret(
  text: string,
  { files, variables }: Pick<CommandIo, 'files' | 'variables'>,
): Promise<readonly [string, string]> {
  const { type, id, source, variable } = parseSecret(text);
  const fromVariable = variable ?? (type === 'env' ? (source ?? id) : undefined);
  if (fromVariable !== undefined || (source === undefined && type !== 'file' && variables[id] !== undefined)) {
    return [id, encodeBase64(new TextEncoder().encode(variables[fromVariable ?? id] ?? ''))];
  }
  const path = source ?? id;
  if ((await files.stat(path))?.kind !== 'file') {
    throw new Error(`failed to stat ${path}: stat ${path}: no such file or directory`);
  }
  return [id, encodeBase64(new Uint8Array(await new Response(await files.read(path)).arrayBuffer()))];
}

interface SecretFlag {
  readonly type?: string;
  readonly id: string;
  readonly source?: string;
  readonly variable?: string;
}

function parseSecret(text: string): SecretFlag {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const at = field.indexOf('=');
    if (at < 0) throw new Error(`invalid field ${JSON.stringify(field)} must be a key=value pair`);
    const [key, value] = [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
    if (key === 'type' && value !== 'file' && value !== 'env') {
      throw new Error(`unsupported secret type ${JSON.stringify(value)}`);
    }
    if (!['type', 'id', 'source', 'src', 'env'].includes(key)) {
      throw new Error(`unexpected key '${key}' in '${field}'`);
    }
    fields.set(key === 'src' ? 'source' : key, value);
  }
  const [type, id, source, variable] = ['type', 'id', 'source', 'env'].map((key) => fields.get(key) || undefined);
  if (id === undefined) throw new Error(`secret ${JSON.stringify(text)} has no id`);
  return { id, ...(type && { type }), ...(source && { source }), ...(variable && { variable }) };
}
