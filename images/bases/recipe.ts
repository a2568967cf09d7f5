import { emptyRunConfig, type RunConfig } from '../../src/formats/image-config';
import type { PackageSet } from '../packages';

/** An image of Debian packages, and of the files in the folder `files` beside the recipe. */
export interface BaseRecipe {
  /** The folder's name. */
  readonly name: string;
  /** The image it is layered on; none for the lowest. */
  readonly parent?: BaseRecipe;
  /** What it is for, and after them all that these need beyond the parent's packages: nothing is resolved by chance. */
  readonly programs: readonly string[];
  readonly libraries: readonly string[];
  /** Symbolic links beside those of the packages: target by path. */
  readonly links?: Readonly<Record<string, string>>;
  /** Absent for what is only there to be shared. */
  readonly image?: ImageRecipe;
}

export interface ImageRecipe {
  readonly title: string;
  readonly description: string;
  /** Names without docker's `library/`, as users type them; the first tag is the exact one. */
  readonly name: string;
  readonly tags: readonly string[];
  /** The package whose version is the image's. */
  readonly versionOf: string;
  readonly run: RunConfig;
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** How an image's containers are run, with the search path that docker's users expect. */
export function runAs(run: Partial<RunConfig>): RunConfig {
  return { ...emptyRunConfig, ...run, env: [path, ...(run.env ?? [])] };
}

/** The recipe and what it stands on, lowest first. */
export function recipeChain(recipe: BaseRecipe): readonly BaseRecipe[] {
  return recipe.parent ? [...recipeChain(recipe.parent), recipe] : [recipe];
}

/** What a recipe adds to its parent. */
export function packagesOf({ programs, libraries }: BaseRecipe): PackageSet {
  return { architecture: 'i386', names: [...programs, ...libraries] };
}
