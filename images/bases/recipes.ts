import { busybox } from './busybox/recipe';
import { debian } from './debian/recipe';
import { frr } from './frr/recipe';
import { lighttpd } from './lighttpd/recipe';
import { nettools } from './nettools/recipe';
import { network } from './network/recipe';
import { python } from './python/recipe';
import type { BaseRecipe } from './recipe';
import { redis } from './redis/recipe';
import { runtime } from './runtime/recipe';
import { sqlite } from './sqlite/recipe';

/** Every recipe, parents before children. */
export const baseRecipes: readonly BaseRecipe[] = [
  busybox,
  debian,
  lighttpd,
  runtime,
  python,
  redis,
  sqlite,
  network,
  frr,
  nettools,
];
