import type { JsonMessage } from '../../../api/engine-api';
import { parseReference } from '../../../formats/reference';
import type { Output } from '../../command-io';
import type { DockerContext } from '../docker-context';
import { splitTag } from '../image-name';
import { showProgress } from '../progress/show-progress';
import { authHeader } from '../registry-auth';

interface PullOptions {
  readonly platform: string;
  readonly quiet: boolean;
  readonly allTags?: boolean;
  /** Where progress goes; output, if nobody says otherwise. */
  readonly output?: Output;
}

/** Pulls an image and shows how far that is. */
export async function pullImage(
  { engine, io, credentials }: DockerContext,
  reference: string,
  { platform, quiet, allTags = false, output = io.stdout }: PullOptions,
): Promise<void> {
  const { registry } = parseReference(reference);
  const { name, tag } = splitTag(reference);
  const messages = engine.lines<JsonMessage>('POST', '/images/create', {
    query: {
      fromImage: name,
      tag: tag ?? (allTags || name.includes('@') ? undefined : 'latest'),
      platform: platform || undefined,
    },
    headers: authHeader(credentials, registry),
    signal: io.signal,
  });
  await showProgress(messages, { stdout: output, ...(io.terminal && { terminal: io.terminal }) }, { quiet });
}
