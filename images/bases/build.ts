import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../../src/base/bytes';
import { SandboxError } from '../../src/base/errors';
import { mediaTypes } from '../../src/formats/oci';
import { digestOf } from '../lib/digest';
import { compressGzip } from '../lib/gzip';
import { type Lock, type LockedPackage, lockedPackage } from '../lib/lock';
import type { OciLayout } from '../lib/oci-layout';
import type { RootTree } from '../lib/root-tree';
import { serializeTar } from '../lib/tar';
import { buildBusyboxRoot } from './busybox/root';
import { buildDebianRoot } from './debian-root';
import { withFiles, withLinks } from './files';
import { putImage, type StoredLayer } from './image';
import { layerBetween } from './layer';
import { type BaseRecipe, packagesOf, recipeChain } from './recipe';
import { baseRecipes } from './recipes';
import { SourceList } from './sources';

/** What later recipes are layered on. */
interface Built {
  readonly root: RootTree;
  readonly layers: readonly StoredLayer[];
}

/** Builds base images, all or those that are named, into the layout, each layer once. Several minutes. */
export function putBases(lock: Lock, layout: OciLayout, names: readonly string[], log: (line: string) => void): void {
  const recipes = selectRecipes(names);
  const parents = new Set(recipes.map(({ parent }) => parent));
  const built = new Map<BaseRecipe, Built>();
  const sources = new SourceList();
  for (const recipe of recipes) {
    const parent = recipe.parent && built.get(recipe.parent);
    const root = buildRoot(lock, recipe);
    const layer = putLayer(layout, recipe, layerBetween(parent?.root ?? new Map(), root), log);
    const layers = [...(parent?.layers ?? []), layer];
    if (parents.has(recipe)) built.set(recipe, { root, layers });
    sources.add(recipe.name, root, lockedPackages(lock, [recipe]));
    if (recipe.image) putImage(layout, recipe.image, layers, lockedPackages(lock, recipeChain(recipe)));
  }
  if (recipes.length === baseRecipes.length) {
    writeFileSync(join(import.meta.dirname, 'SOURCES.md'), sources.serialize());
  }
}

/** The recipes of these images and what they stand on, parents first; all when none is named. */
export function selectRecipes(names: readonly string[]): readonly BaseRecipe[] {
  const wanted = names.map(
    (name) => baseRecipes.find((recipe) => recipe.name === name && recipe.image) ?? unknown(name),
  );
  const needed = new Set(names.length === 0 ? baseRecipes : wanted.flatMap(recipeChain));
  return baseRecipes.filter((recipe) => needed.has(recipe));
}

function unknown(name: string): never {
  const known = baseRecipes.filter(({ image }) => image).map((recipe) => recipe.name);
  throw new SandboxError('InvalidArgument', `There is no base image ${name}, only ${known.join(', ')}`);
}

function lockedPackages(lock: Lock, recipes: readonly BaseRecipe[]): readonly LockedPackage[] {
  return recipes.flatMap((recipe) => packagesOf(recipe).names.map((name) => lockedPackage(lock, name)));
}

function buildRoot(lock: Lock, recipe: BaseRecipe): RootTree {
  const chain = recipeChain(recipe);
  const programs = chain.flatMap((step) => step.programs);
  const root =
    recipe.name === 'busybox' ? buildBusyboxRoot(lock) : buildDebianRoot(lockedPackages(lock, chain), programs);
  return chain.reduce(
    (tree, step) => withLinks(withFiles(tree, join(import.meta.dirname, step.name, 'files')), step.links),
    root,
  );
}

function putLayer(layout: OciLayout, recipe: BaseRecipe, tree: RootTree, log: (line: string) => void): StoredLayer {
  const tar = serializeTar(tree);
  const descriptor = layout.putBlob(mediaTypes.layerGzip, compressGzip(tar));
  log(
    `layer ${recipe.name}: ${tree.size} paths, ${formatBytes(tar.length)}, compressed ${formatBytes(descriptor.size)}`,
  );
  return { recipe, descriptor, diffId: digestOf(tar) };
}
