import type { ShareSpec } from '../../api/share';
import { maxTagBytes } from './share-tag';

/** Layers of one share at most: docker's limit for an image. */
const maxLayers = 127;

/** What is wrong with a machine's shares, for people. */
export function shareProblems(shares: readonly ShareSpec[]): readonly string[] {
  const tags = shares.map(({ tag }) => tag);
  const problems: string[] = [];
  for (const tag of tags) {
    if (!/^[\w.-]+$/.test(tag) || tag.length > maxTagBytes) {
      problems.push(`A share's tag has 1 to ${maxTagBytes} letters, digits, ".", "-" or "_": ${JSON.stringify(tag)}`);
    }
  }
  if (new Set(tags).size < tags.length) problems.push(`Two shares have the same tag: ${tags.join(', ')}`);
  for (const share of shares) {
    if ('folder' in share && share.at !== undefined && !/^\/[\w./-]+$/.test(share.at)) {
      problems.push(`A folder is mounted at a path of letters, digits, ".", "-" and "_": ${JSON.stringify(share.at)}`);
    }
    if (!('layers' in share)) continue;
    const count = share.layers.length;
    if (count < 1 || count > maxLayers)
      problems.push(`A share has 1 to ${maxLayers} layers: ${share.tag} has ${count}`);
  }
  return problems;
}
