import type { BuildOptions, ImageBuilder } from '../../api/build';
import type { Clock } from '../../base/clock';
import { parseError, SandboxError } from '../../base/errors';
import { buildLimits } from './build-limits';
import { type BuildMessages, ClassicMessages } from './build-message';
import { buildSecrets } from './build-secrets';
import { checkFilters, parsePruneFilters, passesLabels } from './filters';
import { jsonLines } from './json-lines';
import { parsePlatform } from './parse-platform';
import { PlainMessages } from './plain-messages';
import type { Query } from './query';
import { json } from './responses';
import type { ApiCall, Route } from './route';

/** Builds by the protocol of the classic builder: the context is the body, a tar. */
export function buildRoutes(builder: ImageBuilder, clock: Clock): readonly Route[] {
  return [
    { method: 'POST', path: '/build', handle: (call) => build(builder, call) },
    {
      method: 'POST',
      path: '/build/prune',
      handle: async ({ query }) =>
        json({ CachesDeleted: [], SpaceReclaimed: await prune(builder, query, clock.now()) }),
    },
  ];
}

/** Steps have no labels: what asks for one asks for none of them. */
async function prune(builder: ImageBuilder, query: Query, nowMs: number): Promise<number> {
  const filters = parsePruneFilters(query.text('filters'), nowMs);
  checkFilters(filters, ['until', 'label', 'label!']);
  if (!passesLabels(filters, {})) return 0;
  const until = filters['until']?.map((seconds) => Number(seconds) * 1000);
  const keepBytes = query.integer('keep-storage');
  return builder.pruneCache({ ...(until && { usedBefore: Math.min(...until) }), ...(keepBytes && { keepBytes }) });
}

/**
 * What fails before it has begun (a Dockerfile that cannot be read) has a status, what fails later is the last line; of a
 * build that is told plainly all is told in lines.
 */
async function build(builder: ImageBuilder, { query, request }: ApiCall): Promise<Response> {
  const secrets = buildSecrets(request.headers);
  const options = { ...buildOptions(query), ...(secrets && { secrets }) };
  const isPlain = progressOf(query) === 'plain';
  const messages: BuildMessages = isPlain ? new PlainMessages() : new ClassicMessages(query.flag('q'));
  const tar = request.body ?? new Blob([]).stream();
  return jsonLines(request.signal, async (write, signal) => {
    let begun = isPlain;
    for await (const event of builder.build({ kind: 'tar', tar }, options, { signal })) {
      if (event.kind === 'failed' && !begun) throw parseError(event.error);
      begun ||= event.kind === 'started' && event.step.instruction !== undefined;
      for (const message of messages.of(event)) write(message);
    }
  });
}

/** How it is told; `InvalidArgument` for what it is not told in. */
function progressOf(query: Query): 'plain' | undefined {
  const progress = query.text('progress');
  if (progress === undefined || progress === 'plain') return progress;
  throw new SandboxError('InvalidArgument', `progress ${JSON.stringify(progress)} is not known: plain, or none`);
}

const networks = ['default', 'none', 'host'] as const;

function buildOptions(query: Query): BuildOptions {
  if (query.text('version') === '2') {
    throw new SandboxError('Unimplemented', "BuildKit's own protocol is not spoken here: set DOCKER_BUILDKIT=0");
  }
  if (query.text('remote') !== undefined) {
    throw new SandboxError(
      'Unimplemented',
      'A build takes its context from a folder or a tar here, not from an address',
    );
  }
  if (query.flag('squash'))
    throw new SandboxError('Unimplemented', 'Layers are not squashed here: build in stages instead');
  const [dockerfile, target, platform] = [query.text('dockerfile'), query.text('target'), query.text('platform')];
  const mode = query.text('networkmode') ?? 'default';
  const network = networks.find((each) => each === mode);
  if (!network) {
    throw new SandboxError(
      'InvalidArgument',
      `network mode ${JSON.stringify(mode)} is not for builds: default, none or host`,
    );
  }
  const buildArgs = readMap(query, 'buildargs');
  const sourceDateEpoch = epochOf(buildArgs);
  const limits = buildLimits(query);
  return {
    network,
    tags: query.texts('t'),
    noCache: query.flag('nocache'),
    pull: query.flag('pull'),
    buildArgs,
    labels: readMap(query, 'labels'),
    ...(dockerfile !== undefined && { dockerfile }),
    ...(target !== undefined && { target }),
    ...(platform !== undefined && { platform: parsePlatform(platform) }),
    ...(sourceDateEpoch !== undefined && { sourceDateEpoch }),
    ...(limits && { limits }),
  };
}

/** BuildKit takes it from the argument of that name (its docs/build-repro.md). */
function epochOf({ SOURCE_DATE_EPOCH: text }: Readonly<Record<string, string>>): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new SandboxError(
    'InvalidArgument',
    `invalid SOURCE_DATE_EPOCH: ${JSON.stringify(text)} is no count of seconds`,
  );
}

/** `{"NAME": "value"}`; one without a value is one that the client does not have. */
function readMap(query: Query, name: string): Readonly<Record<string, string>> {
  const text = query.text(name);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) {
      const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
      return Object.fromEntries(entries);
    }
  } catch {
    // Told below.
  }
  throw new SandboxError('InvalidArgument', `error reading ${name}: ${text.slice(0, 80)} is no JSON object of strings`);
}
