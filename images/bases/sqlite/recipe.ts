import { type BaseRecipe, runAs } from '../recipe';
import { runtime } from '../runtime/recipe';

/** The library comes from below, where Python finds it too. */
export const sqlite: BaseRecipe = {
  name: 'sqlite',
  parent: runtime,
  programs: ['sqlite3'],
  libraries: [],
  image: {
    title: 'SQLite',
    description: "SQLite's shell",
    name: 'sqlite',
    tags: ['3.40', '3', 'latest'],
    versionOf: 'sqlite3',
    run: runAs({ cmd: ['sqlite3'] }),
  },
};
