import {
  boolean,
  dictionary,
  integer,
  list,
  oneOf,
  type ReadResult,
  readYaml,
  record,
  string,
  tagged,
} from '../yaml/yaml-reader';
import type { Scenario } from './scenario';

/** The version of the format; it goes up when an older page would read a scenario wrongly. */
export const scenarioVersion = 1;

const limits = { instances: 64, networks: 16, containers: 64, words: 256, text: 64 * 1024 } as const;

const name = string({
  most: 63,
  matching: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
  what: 'a name of letters, digits and hyphens, in lower case',
});
const containerName = string({
  most: 63,
  matching: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
  what: 'a name of letters, digits, underscores, dots and hyphens',
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
    disks: list(record({ size: integer(1, 65_536) }, { format: oneOf('ext4') }), 4),
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
  { name: containerName, image },
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

const document = record(
  { strata: integer(1, 1_000_000), name: string({ most: 120 }) },
  {
    description: text,
    networks: list(network, limits.networks),
    instances: list(tagged('kind', { vm, unikernel }), limits.instances),
    containers: list(container, limits.containers),
    publish: list(record({ instance: name, port: integer(1, 65_535) }, {}), 64),
    notes: text,
  },
);

/** What the text says, or all that is wrong with it. A scenario of a later version is refused by name. */
export function readScenario(source: string): ReadResult<Scenario> {
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
    return problem === undefined ? scenario : value.problem(problem);
  });
}

/** Told before anything else: what a later version has is not known here. */
function laterVersion(source: string): number | undefined {
  const version = Number(/^strata:\s*(\d{1,7})\s*(#.*)?$/m.exec(source)?.[1] ?? scenarioVersion);
  return version > scenarioVersion ? version : undefined;
}

/** What no single part of it can know: names that are taken, and names that nobody has. */
function disagreement({ networks, instances, containers, publish }: Scenario): string | undefined {
  const names = [...instances, ...containers].map((each) => each.name);
  const twice = names.find((each, at) => names.indexOf(each) !== at);
  if (twice !== undefined) return `Two are called "${twice}"`;
  const known = new Set(['default', ...networks.map((each) => each.name)]);
  for (const { name: owner, nics: wanted = [] } of instances) {
    const missing = wanted.find((nic) => !known.has(nic.network));
    if (missing) return `${owner} is on the network "${missing.network}", which is not among the networks`;
  }
  for (const { name: owner, networks: wanted = [] } of containers) {
    const missing = wanted.find((each) => !known.has(each));
    if (missing !== undefined) return `${owner} is on the network "${missing}", which is not among the networks`;
  }
  const nobody = publish.find(({ instance }) => !instances.some((each) => each.name === instance));
  return nobody && `"${nobody.instance}" is published and is not among the instances`;
}
