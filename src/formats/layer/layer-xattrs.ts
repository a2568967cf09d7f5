import type { TarEntry } from '../tar/tar-entry';

/** Attributes in which overlayfs keeps books about its own layers. In an image they are no content. */
const overlayPrefixes = ['trusted.overlay.', 'user.overlay.'];
const opaqueNames = overlayPrefixes.map((prefix) => `${prefix}opaque`);
const yes = 'y'.charCodeAt(0);

/**
 * The extended attributes of an entry as a layer keeps them, and whether they make a directory opaque. What else
 * overlayfs would read is dropped: `trusted.overlay.redirect` would make one directory show another.
 */
export function layerXattrs({ xattrs }: TarEntry): {
  readonly opaque: boolean;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
} {
  if (!xattrs) return { opaque: false };
  const opaque = opaqueNames.some((name) => xattrs.get(name)?.[0] === yes);
  const kept = [...xattrs].filter(([name]) => !overlayPrefixes.some((prefix) => name.startsWith(prefix)));
  return kept.length === 0 ? { opaque } : { opaque, xattrs: new Map(kept) };
}
