import type { BuildContext, BuildEvent, BuildOptions, BuildRunner, ContextFile } from '../../api/build';
import type { Digest } from '../../api/content-store';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { ImageConfig } from '../../formats/image-config';
import { parseImageConfig } from '../../formats/image-config';
import { Union } from '../../formats/layer/union';
import { connect, expose } from '../../rpc/control';
import { createMemoryContentStore, type OpenedStore } from '../../storage/open-content-store';
import { StoreService } from '../../storage/store-service';
import { Images } from '../images';
import type { Fetch } from './fetch-source';
import { type ImageBuilderOptions, StoreImageBuilder } from './image-builder';
import { PlainProgress, plainFailure } from './plain-progress';

/** A file of a tree that was built. */
export interface BuiltFile {
  readonly kind: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly text?: string;
  readonly target?: string;
}

export interface BuildBench {
  readonly opened: OpenedStore;
  readonly images: Images;
  readonly builder: StoreImageBuilder;
  /** The events as they come. */
  start(
    dockerfile: string,
    files?: Readonly<Record<string, string>>,
    options?: BuildOptions,
  ): AsyncIterable<BuildEvent>;
  /** All events, the last of which says how it ended. */
  run(
    dockerfile: string,
    files?: Readonly<Record<string, string>>,
    options?: BuildOptions,
  ): Promise<readonly BuildEvent[]>;
  /** The same of a build that has to succeed. */
  build(dockerfile: string, files?: Readonly<Record<string, string>>, options?: BuildOptions): Promise<BuiltBench>;
  dispose(): Promise<void>;
}

export interface BuiltBench {
  readonly events: readonly BuildEvent[];
  readonly image: Digest;
  readonly config: ImageConfig;
  readonly plain: string;
  /** All files by path, without the root. */
  tree(): Promise<Readonly<Record<string, BuiltFile>>>;
  /** Texts of vertices that came from the cache. */
  readonly cached: readonly string[];
}

export interface BenchOptions extends Pick<Partial<ImageBuilderOptions>, 'pull'> {
  readonly clock: Clock;
  readonly fetch?: Fetch;
  readonly runner?: BuildRunner;
}

/** A builder over a real store behind a port, in memory. For tests. */
export async function createBuildBench({ clock, fetch = noFetch, runner, pull }: BenchOptions): Promise<BuildBench> {
  const opened = createMemoryContentStore({ clock });
  const service = new StoreService({ open: async () => opened, clock });
  await service.open('http://localhost/');
  const { port1, port2 } = new MessageChannel();
  expose(service, port1);
  const { remote, close } = connect<StoreService>(port2);
  const images = new Images({ remote });
  const builder = new StoreImageBuilder({ remote, clock, fetch, ...(runner && { runner }), ...(pull && { pull }) });
  const start: BuildBench['start'] = (dockerfile, files = {}, options = {}) =>
    builder.build(textContext({ ...files, Dockerfile: dockerfile }), options);
  const run: BuildBench['run'] = async (...asked) => {
    const events: BuildEvent[] = [];
    for await (const event of start(...asked)) events.push(event);
    return events;
  };
  return {
    opened,
    images,
    builder,
    start,
    run,
    async build(dockerfile, files, options) {
      const events = await run(dockerfile, files, options);
      const last = events.at(-1);
      if (last?.kind !== 'built') throw new Error(renderPlain(events));
      const config = parseImageConfig(await opened.store.read(last.config));
      return {
        events,
        image: last.image,
        config,
        plain: renderPlain(events),
        tree: () => readTree(opened, config.diffIds),
        cached: cachedSteps(events),
      };
    },
    async dispose() {
      builder.dispose();
      images.dispose();
      await service.close();
      close(new SandboxError('Aborted', 'The test is over'));
      port1.close();
    },
  };
}

/** A context of these files. */
export function textContext(files: Readonly<Record<string, string>>): BuildContext {
  const all = Object.entries(files).map(
    ([path, text]): ContextFile => ({ path, bytes: new TextEncoder().encode(text), modifiedAt: 1_600_000_000_000 }),
  );
  return { kind: 'files', files: all };
}

export function renderPlain(events: readonly BuildEvent[]): string {
  const progress = new PlainProgress();
  const last = events.at(-1);
  const end = last?.kind === 'failed' ? `ERROR: ${plainFailure(last)}\n` : '';
  return events.map((event) => progress.render(event)).join('') + end;
}

function cachedSteps(events: readonly BuildEvent[]): readonly string[] {
  const cached = new Set(events.flatMap((event) => (event.kind === 'cached' ? [event.step] : [])));
  return events.flatMap((event) =>
    event.kind === 'started' && cached.has(event.step.number) ? [event.step.instruction?.text ?? ''] : [],
  );
}

/** The files of an image that was built, by path; throws for a build that has failed. */
export async function readBuilt(
  opened: OpenedStore,
  last: BuildEvent | undefined,
): Promise<Readonly<Record<string, BuiltFile>>> {
  if (last?.kind !== 'built') throw new Error(JSON.stringify(last));
  return readTree(opened, parseImageConfig(await opened.store.read(last.config)).diffIds);
}

async function readTree(
  { layers }: OpenedStore,
  diffIds: readonly Digest[],
): Promise<Readonly<Record<string, BuiltFile>>> {
  const union = new Union(await Promise.all(diffIds.map((diffId) => layers.layer(diffId))));
  const files: Record<string, BuiltFile> = {};
  for (const { path, node, layer } of union.walk()) {
    const { kind, mode, uid, gid, target } = node;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    const diffId = diffIds[layer];
    if (kind === 'file' && diffId) {
      for await (const piece of layers.readFile(diffId, node)) parts.push(new Uint8Array(piece));
    }
    const text = kind === 'file' ? await new Blob(parts).text() : undefined;
    files[path] = {
      kind,
      mode,
      uid,
      gid,
      ...(text !== undefined && { text }),
      ...(target !== undefined && { target }),
    };
  }
  return files;
}

async function noFetch(url: string): Promise<Response> {
  throw new TypeError(`Nothing is fetched in this test: ${url}`);
}
