/**
 * The import rule of docs/ARCHITECTURE.md. Each entry: a layer, and the layers below it that it may import.
 * What is not listed is forbidden; siblings meet through the types of src/api.
 */
const lower = ['base', 'formats', 'api', 'rpc'];
const middle = ['storage', 'network', 'runtime'];
const upper = ['orchestrator', 'cli', 'lessons'];
const layers = {
  base: [],
  formats: ['base', 'api'],
  api: ['base', 'formats'],
  rpc: ['base', 'formats', 'api'],
  storage: lower,
  network: lower,
  runtime: lower,
  engine: [...lower, ...middle],
  orchestrator: [...lower, ...middle, 'engine'],
  cli: [...lower, ...middle, 'engine'],
  lessons: [...lower, ...middle, 'engine'],
  bridge: [...lower, ...middle, 'engine'],
  preview: ['base', 'api', 'rpc'],
  offline: ['base', 'api', 'rpc'],
  sdk: ['base', 'api'],
  embed: [...lower, 'engine', 'sdk'],
  ui: [...lower, ...middle, 'engine', ...upper, 'sdk', 'preview'],
};

/** Libraries with one home: everything else goes through what that folder exports. */
const homes = [
  { library: 'idb', home: 'storage' },
  { library: 'v86', home: 'runtime/vm' },
  { library: 'comlink', home: 'rpc' },
  { library: '@xterm', home: 'ui' },
  { library: 'lit', home: 'ui' },
  { library: '@wasmer/sdk', home: 'runtime/app' },
];

/** Tests, and what several of them share, may bring real parts of any layer together; that is what they are for. */
const tests = '(\\.test|\\.conformance|-fixture|/axe-problems|/fake-clock|/scripted-instance)\\.ts$';

const layerRules = Object.entries(layers).map(([layer, allowed]) => ({
  name: `${layer}-imports-upwards`,
  comment:
    `src/${layer} may import ${allowed.map((name) => `src/${name}`).join(', ') || 'nothing of ours'}. ` +
    'Put the type that both sides need into src/api and let the caller hand the real thing in as a parameter ' +
    '(src/app.ts puts the parts together); or move the code to the layer that it belongs to.',
  severity: 'error',
  from: { path: `^src/${layer}/`, pathNot: tests },
  to: { path: '^(src|workers)/', pathNot: `^src/(${[layer, ...allowed].join('|')})/` },
}));

const homeRules = homes.map(({ library, home }) => ({
  name: `${library.replace(/\W+/g, '')}-outside-its-home`,
  comment:
    `${library} lives in src/${home} alone, so that it can be replaced or repaired in one place. Use what ` +
    `src/${home} exports, or add what you need there.`,
  severity: 'error',
  from: { path: '^(src|workers)/', pathNot: [`^src/${home}/`, tests] },
  to: { path: `node_modules/${library}/` },
}));

export default {
  forbidden: [
    ...layerRules,
    ...homeRules,
    {
      name: 'no-circular',
      comment: 'These files import each other in a ring. Move what both need into a third file.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-node-in-the-page',
      comment:
        'Code for browsers imports no Node module. What differs between the two goes into a pair of files ' +
        '(spawn-browser.ts, spawn-node.ts) with one exported type, and the caller hands one of them in.',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: [tests, '[-.]node\\.ts$'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-development-package',
      comment: 'Shipped code imports a package of devDependencies. Move it to dependencies, or do without.',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: [tests] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-test-code-in-the-page',
      comment: 'Shipped code imports what only tests may use. Move the part that both need into a file of its own.',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: [tests] },
      to: { path: [tests, '^test/'] },
    },
    {
      name: 'not-resolvable',
      comment: 'There is no such file or package. Is the path right, is the package in package.json?',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\?(url|worker|inline|raw)' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'browser', 'default', 'types'] },
  },
};
