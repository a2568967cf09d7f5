import type { LockedPackage } from '../lib/lock';
import type { RootTree } from '../lib/root-tree';

/** A source package of which a layer has something. */
interface SourceRow {
  readonly version: string;
  readonly licences: Set<string>;
  readonly layers: Set<string>;
}

/** Collects which source packages layers are made of, and which licences their copyright files name. */
export class SourceList {
  readonly #rows = new Map<string, SourceRow>();

  add(layer: string, root: RootTree, packages: readonly LockedPackage[]): void {
    for (const { name, source, sourceVersion } of packages) {
      const row = this.#rows.get(source) ?? { version: sourceVersion, licences: new Set(), layers: new Set() };
      this.#rows.set(source, row);
      row.layers.add(layer);
      for (const licence of licencesOf(root, name)) row.licences.add(licence);
    }
  }

  /** As a table in Markdown. */
  serialize(): string {
    const rows = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = rows.map(([name, { version, licences, layers }]) => {
      const named = licences.size > 0 ? [...licences].sort().join(', ') : 'see its copyright file';
      return `| \`${name}\` | ${version} | ${named} | ${[...layers].join(', ')} |`;
    });
    return `${[...head, ...lines].join('\n')}\n`;
  }
}

const head = [
  '# What base images are made of',
  '',
  'Written by `npm run images -- --only bases`. Each is a source package of Debian 12, unchanged; the licences are the',
  'names that the machine-readable copyright files of its packages use. Those files are in the images, as',
  '`/usr/share/doc/*/copyright`, and say it in full.',
  '',
  '| source package | version | licences | layers |',
  '|---|---|---|---|',
];

/** Names after "License:" in a copyright file (Debian's machine-readable format 1.0); none in one that is prose. */
function licencesOf(root: RootTree, name: string): readonly string[] {
  const folder = root.get(`usr/share/doc/${name}`);
  const owner = folder?.kind === 'symlink' ? folder.target : name;
  const copyright = root.get(`usr/share/doc/${owner}/copyright`);
  if (copyright?.kind !== 'file') return [];
  const text = Buffer.from(copyright.bytes).toString('utf8');
  if (!/^Format: \S*copyright-format/m.test(text)) return [];
  return [...text.matchAll(/^License: *(\S.*)$/gm)].map((match) => (match[1] ?? '').replaceAll('|', '/').trim());
}
