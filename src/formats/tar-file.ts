import { labTypes } from './lab-document';
import { mediaTypes } from './oci';
import type { TarEntry } from './tar/tar-entry';
import { TarScanner } from './tar/tar-scanner';

/** What a tar that a person brings can be. */
export type TarFileKind = 'images' | 'root' | 'volume' | 'snapshot' | 'lab';

/** What image archives have beside their blobs (image-spec v1.1, image-layout.md; moby, image/tarexport). */
const archiveNames: ReadonlySet<string> = new Set(['oci-layout', 'index.json', 'manifest.json', 'repositories']);
/** Blobs by their digests, of a layout and of docker's older archives. */
const archivePath = /^(?:blobs\/|[0-9a-f]{64}(?:\/|\.json$|\.tar$))/;

/**
 * A guess from the first bytes of a tar, uncompressed, for a person to confirm: what an archive is for stands in its names.
 * Undefined for what does not begin like a tar.
 */
export function recognizeTar(head: Uint8Array): TarFileKind | undefined {
  const entries: TarEntry[] = [];
  try {
    new TarScanner((entry) => entries.push(entry)).push(head);
  } catch {
    // What came before may have been enough.
  }
  const [first] = entries;
  if (!first) return undefined;
  const names = entries.map(({ path }) => path.replace(/^\.?\//, ''));
  if (names.some((name) => archiveNames.has(name) || archivePath.test(name))) {
    // Where archives of ours have their index: in front.
    const text = new TextDecoder().decode(head);
    if (text.includes(labTypes.lab)) return 'lab';
    return text.includes(mediaTypes.savedSnapshot) ? 'snapshot' : 'images';
  }
  return first.kind === 'file' && /\.(img|raw)$/.test(first.path) ? 'volume' : 'root';
}
