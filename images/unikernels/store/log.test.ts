import { beforeAll, describe, expect, it } from 'vitest';
import { buildNative, clang, runNative } from '../test/native-program';

const files = ['test/log_crash.c', 'store/log.c', 'store/index.c', 'libos/crc32c.c', 'libos/format.c'];

describe.runIf(clang)('the log on a block device', () => {
  let program: string;
  beforeAll(() => {
    program = buildNative('log-crash', files);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'loses nothing durable and shows nothing half written, wherever and in whatever order it is cut off (seed %i)',
    (seed) => {
      const [line = ''] = runNative(program, [String(seed), '150'], []);
      const [, ends, copies] = /^(\d+) ends, (\d+) copies$/.exec(line) ?? [];
      expect(Number(ends)).toBeGreaterThan(2_000);
      expect(Number(copies)).toBeGreaterThan(2);
    },
  );
});
