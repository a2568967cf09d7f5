import { debian } from '../debian/recipe';
import type { BaseRecipe } from '../recipe';

/** Libraries that several images stand on, so that they are stored and fetched once. */
export const runtime: BaseRecipe = {
  name: 'runtime',
  parent: debian,
  programs: ['libssl3', 'libgssapi-krb5-2', 'libnsl2', 'libreadline8', 'libsqlite3-0', 'libtirpc3'],
  libraries: [
    'libcom-err2',
    'libk5crypto3',
    'libkeyutils1',
    'libkrb5-3',
    'libkrb5support0',
    'libtirpc-common',
    'readline-common',
  ],
};
