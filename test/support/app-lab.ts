import type { AppSource, AppSpec } from '../../src/api/app';
import type { Digest } from '../../src/api/content-store';
import { systemClock } from '../../src/base/clock';
import { SandboxError } from '../../src/base/errors';
import { digestOf } from '../../src/formats/digest';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import { type AppDriver, createAppDriver } from '../../src/runtime/app/app-driver';
import type { AppInstance } from '../../src/runtime/app/app-instance';
import type { Waiting } from '../../src/runtime/app/program-terminal';
import { Supervisor } from '../../src/runtime/supervisor';
import { ConsoleReader } from './node-lab';

export interface AppLab {
  readonly driver: AppDriver;
  readonly supervisor: Supervisor;
  /** An app of a program, not started. Files are given by their texts. */
  make(
    program: Uint8Array,
    change?: Partial<Omit<AppSpec, 'files'>> & { readonly files?: Readonly<Record<string, string>> },
  ): Promise<AppInstance>;
  dispose(): void;
}

/** The runtime of apps in Node, each program in a thread of its own. */
export function createAppLab(waiting: Waiting = 'shared', memoryBudgetMiB = 4096): AppLab {
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const put = async (bytes: Uint8Array): Promise<Digest> => {
    const copy = new Uint8Array(bytes);
    const digest = await digestOf(copy);
    blobs.set(digest, copy);
    return digest;
  };
  const read = (digest: string | undefined): ArrayBuffer => {
    const bytes = blobs.get(digest ?? '');
    if (!bytes) throw new SandboxError('NotFound', `No such blob: ${digest}`);
    return bytes.slice().buffer;
  };
  const source: AppSource = {
    loadApp: async (image) => read(image.split('@')[1]),
    loadFiles: async (files) => files.map(({ digest }) => read(digest)),
  };
  const supervisor = new Supervisor(systemClock);
  const driver = createAppDriver({
    source,
    spawn: nodeSpawner(new URL('../../workers/app.node.ts', import.meta.url)),
    supervisor,
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    memoryBudgetMiB,
    isolated: waiting === 'shared',
    waiting,
  });
  return {
    driver,
    supervisor,
    async make(program, { files = {}, ...change } = {}) {
      const given = Object.entries(files).map(async ([path, text]) => {
        const bytes = new TextEncoder().encode(text);
        return { path, digest: await put(bytes), size: bytes.length };
      });
      const spec: AppSpec = {
        kind: 'app',
        name: 'program',
        image: `local/program@${await put(program)}`,
        args: [],
        env: [],
        files: await Promise.all(given),
        memoryMiB: 16,
        ...change,
      };
      return driver.create(spec);
    },
    dispose: () => supervisor.dispose(),
  };
}

/** Runs an app to its end: how it ended, and all that its terminal shows then. */
export async function outcomeOf(
  app: AppInstance,
): Promise<{ code: number | undefined; reason: string; shown: string }> {
  const reader = new ConsoleReader(app);
  try {
    await app.start();
    await ended(app);
    const { exit } = app.state;
    return { code: exit?.code, reason: exit?.reason ?? '', shown: reader.text };
  } finally {
    reader.dispose();
  }
}

/** Resolves when an app has come to its end. */
export async function ended(app: AppInstance): Promise<void> {
  while (app.state.phase !== 'stopped' && app.state.phase !== 'failed') {
    await new Promise<void>((resolve) => {
      const listener = app.states(() => {
        listener.dispose();
        resolve();
      });
    });
  }
}
