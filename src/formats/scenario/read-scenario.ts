import {
  boolean,
  dictionary,
  either,
  integer,
  list,
  oneOf,
  type ReadResult,
  readYaml,
  record,
  string,
  tagged,
  valueAt,
} from '../yaml/yaml-reader';
import type { Disagreement, Place } from './disagreement';
import type { Scenario, ScenarioVolume } from './scenario';
import { sharedTwice, wrongAddress } from './scenario-addresses';

/** The version of the format; it goes up when an older page would read a scenario wrongly. */
export const scenarioVersion = 1;

const limits = { instances: 64, networks: 16, containers: 64, volumes: 64, words: 256, text: 64 * 1024 } as const;

const name = string({
  most: 63,
  matching: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  what: 'a name of letters, digits and hyphens, in lower case',
});
/** Of containers and their volumes, as docker takes them. */
const dockerName = (most: number) =>
  string({
    most,
    matching: /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
    what: 'a name of two or more letters, digits, underscores, dots and hyphens',
  });
const image = string({ most: 512, matching: /^\S+$/, what: 'the name of an image' });
const text = string({ most: limits.text });
const words = list(string(), limits.words);
const byte = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const address = string({ matching: new RegExp(`^${byte}(\\.${byte}){3}$`), what: 'an IPv4 address' });
const nics = list(record({ network: name }, { address }), 4);
const memory = integer(1, 1024);

const network = record(
  {
    name,
    subnet: string({
      matching: new RegExp(`^${byte}(\\.${byte}){3}/([12]?\\d|3[0-2])$`),
      what: 'a subnet such as 10.1.0.0/24',
    }),
  },
  { mtu: integer(576, 9000), egress: record({ hosts: list(string({ most: 253 }), 64) }, { relay: string() }) },
);

const volumeName = string({
  most: 64,
  matching: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
  what: 'a name of letters, digits, underscores, dots and hyphens',
});
const folder = string({ most: 63, matching: /^[a-z0-9][a-z0-9._-]*$/i, what: 'the name of a folder' });
const disk = record({ size: integer(1, 65_536) }, { format: oneOf('ext4') });

const volume = either<ScenarioVolume, ScenarioVolume>(
  'of',
  // The most that a disk of a unikernel's container has.
  record({ name: dockerName(64), of: oneOf('containers') }, { size: integer(1, 64) }),
  record({ name: volumeName, size: integer(1, 65_536) }, { format: oneOf('ext4') }),
);

const share = record(
  { folder },
  {
    tag: string({ most: 31, matching: /^[\w.-]+$/, what: 'a tag of letters, digits, dots, underscores and hyphens' }),
    at: string({ most: 256, matching: /^\/[\w./-]+$/, what: 'an absolute path' }),
  },
);

const vm = record(
  { kind: oneOf('vm'), name },
  {
    nics,
    start: boolean,
    memory: integer(32, 1024),
    devices: oneOf('virtio', 'emulated'),
    containerHost: boolean,
    image,
    command: words,
    disks: list(either('volume', record({ volume: volumeName }, {}), disk), 4),
    shares: list(share, 4),
    setup: text,
  },
);

const unikernel = record(
  { kind: oneOf('unikernel'), name, image },
  {
    nics,
    start: boolean,
    memory,
    args: words,
    files: dictionary(text, 64, string({ most: 256, matching: /^\//, what: 'an absolute path' })),
    idle: integer(10, 86_400_000),
  },
);

const container = record(
  { name: dockerName(63), image },
  {
    command: words,
    environment: dictionary(text, limits.words),
    ports: list(string({ most: 64 }), 64),
    volumes: list(string({ most: 512 }), 64),
    networks: list(name, 4),
    restart: oneOf('no', 'always', 'on-failure', 'unless-stopped'),
    memory,
    host: name,
  },
);

const layout = dictionary(
  record({ x: integer(0, 20_000), y: integer(0, 20_000) }, {}),
  500,
  string({
    most: 80,
    matching: /^((network|gateway)\/)?[a-z0-9-]+$/,
    what: 'the name of an instance, network/NAME or gateway/NETWORK',
  }),
);

const document = record(
  { strata: integer(1, 1_000_000), name: string({ most: 120 }) },
  {
    description: text,
    networks: list(network, limits.networks),
    volumes: list(volume, limits.volumes),
    instances: list(tagged('kind', { vm, unikernel }), limits.instances),
    containers: list(container, limits.containers),
    publish: list(record({ instance: name, port: integer(1, 65_535) }, {}), 64),
    layout,
    notes: text,
  },
);

/** What the text says, or all that is wrong with it. A scenario of a later version is refused by name. */
export function readScenario(source: string): ReadResult<Scenario> {
  const other = otherFile(source);
  if (other !== undefined) return { problems: [{ line: 1, column: 1, path: '', message: other }] };
  return readYaml(source, (value): Scenario | undefined => {
    const version = laterVersion(source);
    if (version !== undefined)
      return value.problem(`It is a scenario of version ${version}; this page reads version ${scenarioVersion}`);
    const found = document(value);
    if (!found) return undefined;
    const { strata: _, networks = [], instances = [], containers = [], publish = [], ...rest } = found;
    const scenario: Scenario = {
      ...rest,
      networks: networks.map((each) => ({ mtu: 1500, ...each })),
      instances,
      containers,
      publish,
    };
    const problem = disagreement(scenario);
    return problem ? valueAt(value, problem.at).problem(problem.message) : scenario;
  });
}

/** What files are that people take for scenarios: told as what they are, not as wrong YAML. */
function otherFile(source: string): string | undefined {
  if (/^\s*<(!doctype|html)\b/i.test(source)) return 'It is a web page, not a scenario';
  // The magic of a tar behind its first file's link (POSIX ustar), and of gzip as UTF-8 leaves it.
  const isArchive = source.slice(0, 512).includes('\0ustar') || source.startsWith('\u001f\ufffd');
  return isArchive ? 'It is an archive, not a scenario. Give it a name that ends in .tar or .tar.gz' : undefined;
}

/** Told before anything else: what a later version has is not known here. */
function laterVersion(source: string): number | undefined {
  const version = Number(/^strata:\s*(\d{1,7})\s*(#.*)?$/m.exec(source)?.[1] ?? scenarioVersion);
  return version > scenarioVersion ? version : undefined;
}

/** Names that are taken, names that nobody has, and what of two parts cannot be together. */
function disagreement(scenario: Scenario): Disagreement | undefined {
  const checks = [nameTwice, missingNetwork, wrongAddress, wrongVolume, sharedTwice, missingInstance];
  for (const check of checks) {
    const found = check(scenario);
    if (found) return found;
  }
  return undefined;
}

function nameTwice({ instances, containers, volumes = [] }: Scenario): Disagreement | undefined {
  const all = [...placesOf('instances', instances), ...placesOf('containers', containers)];
  const twice = secondOf(all) ?? secondOf(placesOf('volumes', volumes));
  return twice && { at: twice.at, message: `Two are called "${twice.name}"` };
}

function missingNetwork({ networks, instances, containers }: Scenario): Disagreement | undefined {
  const known = new Set(['default', ...networks.map((each) => each.name)]);
  const wanted = [
    ...instances.flatMap(({ name: owner, nics: all = [] }, index) =>
      all.map((nic, at) => ({ owner, network: nic.network, at: ['instances', index, 'nics', at, 'network'] })),
    ),
    ...containers.flatMap(({ name: owner, networks: all = [] }, index) =>
      all.map((network_, at) => ({ owner, network: network_, at: ['containers', index, 'networks', at] })),
    ),
  ];
  const missing = wanted.find((each) => !known.has(each.network));
  if (!missing) return undefined;
  const message = `${missing.owner} is on the network "${missing.network}", which is not among the networks`;
  return { at: missing.at, message };
}

/** A volume is one disk, and one machine's at a time. */
function wrongVolume({ volumes = [], instances }: Scenario): Disagreement | undefined {
  const known = new Set(volumes.flatMap((each) => (each.of ? [] : [each.name])));
  const wanted = instances.flatMap((each, index) =>
    each.kind === 'vm'
      ? (each.disks ?? []).flatMap((one, at) =>
          'volume' in one
            ? [{ owner: each.name, name: one.volume, at: ['instances', index, 'disks', at, 'volume'] }]
            : [],
        )
      : [],
  );
  const missing = wanted.find((each) => !known.has(each.name));
  if (missing) {
    const message = `${missing.owner} has the volume "${missing.name}", which is not among the volumes that are disks`;
    return { at: missing.at, message };
  }
  const twice = secondOf(wanted);
  return twice && { at: twice.at, message: `Two have the volume "${twice.name}"` };
}

function missingInstance({ publish, instances, networks, layout: places = {} }: Scenario): Disagreement | undefined {
  const names = new Set(instances.map((each) => each.name));
  const port = publish.findIndex(({ instance }) => !names.has(instance));
  if (port >= 0) {
    const message = `"${publish[port]?.instance}" is published and is not among the instances`;
    return { at: ['publish', port, 'instance'], message };
  }
  for (const each of ['default', ...networks.map(({ name: network_ }) => network_)]) {
    names.add(`network/${each}`).add(`gateway/${each}`);
  }
  const nobody = Object.keys(places).find((place) => !names.has(place));
  if (nobody === undefined) return undefined;
  return { at: ['layout', nobody], message: `"${nobody}" has a place and is not among the instances and networks` };
}

interface NamedPlace {
  readonly name: string;
  readonly at: Place;
}

function placesOf(key: string, all: readonly { readonly name: string }[]): readonly NamedPlace[] {
  return all.map((each, index) => ({ name: each.name, at: [key, index, 'name'] }));
}

/** The first whose name another has before it. */
function secondOf(all: readonly NamedPlace[]): NamedPlace | undefined {
  return all.find((each, index) => all.findIndex(({ name: other }) => other === each.name) !== index);
}
