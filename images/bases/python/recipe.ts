import { type BaseRecipe, runAs } from '../recipe';
import { runtime } from '../runtime/recipe';

/** Without pip; `apt-get install python3-pip` brings it. */
export const python: BaseRecipe = {
  name: 'python',
  parent: runtime,
  programs: ['python3', 'python-is-python3'],
  libraries: [
    'libexpat1',
    'libncursesw6',
    'libpython3-stdlib',
    'libpython3.11-minimal',
    'libpython3.11-stdlib',
    'media-types',
    'python3-minimal',
    'python3.11',
    'python3.11-minimal',
  ],
  image: {
    title: 'Python',
    description: 'Python 3.11 with its standard library',
    name: 'python',
    tags: ['3.11', '3', 'latest'],
    versionOf: 'python3.11',
    run: runAs({ cmd: ['python3'], env: ['LANG=C.UTF-8', 'PYTHONUNBUFFERED=1'] }),
  },
};
