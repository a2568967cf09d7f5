import type { ContainerCreateBody } from '../../../api/container';
import { SandboxError } from '../../../base/errors';
import { parseReference } from '../../../formats/reference';
import type { DockerContext } from '../docker-context';
import { splitTag } from '../image-name';
import { pullImage } from '../images/pull-image';

export interface CreateOptions {
  readonly name: string;
  readonly platform: string;
  /** `always`, `missing` or `never`. */
  readonly pull: string;
  readonly quiet: boolean;
}

/** Creates a container, and pulls its image first where it is not there. Returns its id. */
export async function createContainer(
  context: DockerContext,
  body: ContainerCreateBody,
  { name, platform, pull, quiet }: CreateOptions,
): Promise<string> {
  const { engine, io } = context;
  if (!['always', 'missing', 'never'].includes(pull)) {
    throw new Error(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
  }
  const fetchImage = (): Promise<void> =>
    pullImage(context, body.Image, { platform, quiet: quiet || !io.stderr.terminal, output: io.stderr });
  const create = async (): Promise<string> => {
    const { Id, Warnings } = await engine.json<{ readonly Id: string; readonly Warnings?: readonly string[] | null }>(
      'POST',
      '/containers/create',
      { query: { name: name || undefined, platform: platform || undefined }, json: body, signal: io.signal },
    );
    for (const warning of Warnings ?? []) await io.stderr.write(`WARNING: ${warning}\n`);
    return Id;
  };
  if (pull === 'always') await fetchImage();
  try {
    return await create();
  } catch (error) {
    const missing = error instanceof SandboxError && error.code === 'NotFound' && pull === 'missing';
    if (!missing || !isName(body.Image)) throw error;
    if (!quiet) await io.stderr.write(`Unable to find image '${withTag(body.Image)}' locally\n`);
    await fetchImage();
    return create();
  }
}

/** An id is not pulled. */
function isName(image: string): boolean {
  try {
    parseReference(image);
    return true;
  } catch {
    return false;
  }
}

function withTag(image: string): string {
  return splitTag(image).tag === undefined && !image.includes('@') ? `${image}:latest` : image;
}
