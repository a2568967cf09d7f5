import { BaseSequencer } from 'vitest/node';

/** Files that take long though they are small. Of two workers one would be without work while the other does them last. */
const long = /\/(base-images|compare|docker-engine|lessons|storage|volumes)\.test\.ts$/;

/** The order of test files: vitest's own begins with the largest where it knows nothing of an earlier run. */
export class LongFirst extends BaseSequencer {
  /**
   * @override
   * @param {import('vitest/node').TestSpecification[]} files
   */
  async sort(files) {
    const sorted = await super.sort(files);
    return [
      ...sorted.filter(({ moduleId }) => long.test(moduleId)),
      ...sorted.filter(({ moduleId }) => !long.test(moduleId)),
    ];
  }
}
