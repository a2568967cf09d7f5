/**
 * What answers of the Docker Engine API have to look like, by its documentation for 1.47 (moby, api/swagger.yaml). A rule is
 * the name of a type, or made of rules; a field whose name ends in `?` may be absent.
 */
export type Rule =
  | 'string'
  | 'text'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'any'
  | 'time'
  | 'digest'
  | 'id'
  | { readonly list: Rule }
  | { readonly map: Rule }
  | { readonly fields: Readonly<Record<string, Rule>> }
  | { readonly oneOf: readonly unknown[] }
  | { readonly nullable: Rule };

/** What is wrong with a value, each with its path. */
export function violations(value: unknown, rule: Rule, path = '$'): readonly string[] {
  const wrong = (expected: string): readonly string[] => [
    `${path} is no ${expected}: ${JSON.stringify(value)?.slice(0, 80)}`,
  ];
  if (typeof rule === 'string') return basic[rule](value) ? [] : wrong(rule);
  if ('nullable' in rule) return value === null ? [] : violations(value, rule.nullable, path);
  if ('oneOf' in rule) return rule.oneOf.includes(value) ? [] : wrong(`one of ${JSON.stringify(rule.oneOf)}`);
  if ('list' in rule) {
    if (!Array.isArray(value)) return wrong('list');
    return value.flatMap((item, at) => violations(item, rule.list, `${path}[${at}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('object');
  const given = value as Readonly<Record<string, unknown>>;
  if ('map' in rule) {
    return Object.entries(given).flatMap(([key, item]) => violations(item, rule.map, `${path}.${key}`));
  }
  return Object.entries(rule.fields).flatMap(([name, inner]) => {
    const key = name.replace(/\?$/, '');
    if (given[key] !== undefined) return violations(given[key], inner, `${path}.${key}`);
    return key === name ? [`${path}.${key} is missing`] : [];
  });
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

const basic: Readonly<Record<Extract<Rule, string>, (value: unknown) => boolean>> = {
  any: () => true,
  string: (value) => typeof value === 'string',
  text: (value) => typeof value === 'string' && value !== '',
  integer: Number.isSafeInteger,
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  time: (value) => typeof value === 'string' && rfc3339.test(value),
  digest: (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
  id: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
};

const strings: Rule = { list: 'string' };
const labels: Rule = { map: 'string' };
const someStrings: Rule = { nullable: strings };

const runConfig: Rule = {
  fields: {
    'Hostname?': 'string',
    'User?': 'string',
    'AttachStdin?': 'boolean',
    'Tty?': 'boolean',
    'OpenStdin?': 'boolean',
    'StdinOnce?': 'boolean',
    'Env?': someStrings,
    'Cmd?': someStrings,
    'Entrypoint?': someStrings,
    'Labels?': { nullable: labels },
    'Volumes?': { nullable: { map: 'any' } },
    'ExposedPorts?': { map: 'any' },
    'WorkingDir?': 'string',
    'OnBuild?': someStrings,
    'StopSignal?': 'string',
  },
};

export const imageSummary: Rule = {
  fields: {
    Id: 'digest',
    ParentId: 'string',
    RepoTags: strings,
    RepoDigests: strings,
    Created: 'integer',
    Size: 'integer',
    SharedSize: 'integer',
    Labels: { nullable: labels },
    Containers: 'integer',
  },
};

export const imageInspect: Rule = {
  fields: {
    Id: 'digest',
    RepoTags: strings,
    RepoDigests: strings,
    Parent: 'string',
    Comment: 'string',
    'Created?': 'time',
    DockerVersion: 'string',
    Author: 'string',
    Config: runConfig,
    Architecture: 'text',
    Os: 'text',
    Size: 'integer',
    GraphDriver: { fields: { Name: 'text', Data: 'any' } },
    RootFS: { fields: { Type: { oneOf: ['layers'] }, Layers: { list: 'digest' } } },
    Metadata: { fields: { LastTagTime: 'time' } },
  },
};

export const imageHistory: Rule = {
  list: {
    fields: {
      Id: 'text',
      Created: 'integer',
      CreatedBy: 'string',
      Tags: someStrings,
      Size: 'integer',
      Comment: 'string',
    },
  },
};

export const imageDeleted: Rule = { list: { fields: { 'Untagged?': 'text', 'Deleted?': 'digest' } } };
