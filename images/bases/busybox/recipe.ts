import { type BaseRecipe, runAs } from '../recipe';

/** One static program and its names; no package manager. Laid out as docker's own image. */
export const busybox: BaseRecipe = {
  name: 'busybox',
  programs: ['busybox-static'],
  libraries: [],
  image: {
    title: 'BusyBox',
    description: 'The usual commands in one small program',
    name: 'busybox',
    tags: ['1.35', '1', 'latest'],
    versionOf: 'busybox-static',
    run: runAs({ cmd: ['sh'] }),
  },
};
