import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { recordedIo } from '../../src/cli/command-io-fixture';
import { createCredentials } from '../../src/cli/docker/credentials';
import { dockerProgram } from '../../src/cli/docker/docker-program';
import { EngineClient } from '../../src/cli/engine/engine-client';
import type { Flags } from '../../src/cli/grammar/flag';
import { helpText } from '../../src/cli/grammar/help';
import { buildTree, listed } from '../../src/cli/grammar/tree';
import { runProgram } from '../../src/cli/run-program';
import { dockerClient, type Ended, hasDockerClient } from '../support/docker-client';

/** Flags of `build` that docker's help lists only with its component buildx, which is not installed where these tests run. */
const ofBuildx: ReadonlySet<string> = new Set(['progress', 'secret']);

/** With the flags that are refused here, which docker's help lists, and without those of buildx. */
const whole = {
  ...dockerProgram,
  commands: dockerProgram.commands.map((command) => ({ ...command, flags: allFlags(command) })),
};

function allFlags({ flags, spellings }: Pick<(typeof dockerProgram.commands)[number], 'flags' | 'spellings'>): Flags {
  const isHidden = (name: string): boolean => spellings.includes('build') && ofBuildx.has(name);
  return Object.fromEntries(
    Object.entries(flags).flatMap(([name, { refused: _, ...flag }]) => (isHidden(name) ? [] : [[name, flag]])),
  );
}

/** Runs a command line of ours that gets no further than its own words. */
async function ours(words: readonly string[]): Promise<Ended> {
  const recorded = recordedIo();
  const engine = new EngineClient({
    fetch: () => Promise.reject(new Error('nothing is asked of the engine before the words are understood')),
  });
  const context = { engine, io: recorded.io, clock: systemClock, credentials: createCredentials() };
  const code = await runProgram(dockerProgram, words, context, '');
  return { code, stdout: recorded.out(), stderr: recorded.err() };
}

const places = [...buildTree(whole).children].flatMap(([name, node]) =>
  node.kind === 'command' ? [[name]] : [...node.children.keys()].map((inner) => [name, inner]),
);

describe.skipIf(!hasDockerClient)('help', () => {
  it.each(places.map((words) => [words.join(' '), words] as const))(
    'of %s is docker’s, to the letter',
    async (_, words) => {
      let node = buildTree(whole).children.get(words[0]!)!;
      if (words[1] !== undefined && node.kind === 'group') node = node.children.get(words[1])!;
      const { stdout } = await dockerClient([...words, '--help']);
      expect(helpText(whole, node, 80)).toBe(stdout);
    },
  );

  it.each(['container', 'image', 'volume', 'network', 'system'])('of %s lists what docker has', async (name) => {
    const { stdout } = await dockerClient([name, '--help']);
    const names = [...stdout.matchAll(/^ {2}(\S+) {2,}/gm)].map(([, each]) => each);
    const node = buildTree(whole).children.get(name)!;
    const own = listed(node.kind === 'group' ? node : buildTree(whole)).map(([each]) => each);
    expect(own).toEqual(names.filter((each) => !(name === 'volume' && each === 'update')));
  });
});

describe.skipIf(!hasDockerClient)('mistakes', () => {
  it.each([
    'run --foo',
    'run',
    'run -e',
    'run --network',
    'run --memory=abc busybox',
    'run --rm=maybe x',
    'run --cpus abc x',
    'run --ulimit zz x',
    'run --ulimit nofile=5:3 x',
    'run --stop-timeout x y',
    'run --health-interval 5 x',
    'run --pids-limit 1.5 x',
    'run -p 99999:1 x',
    'run -p 80:99999 x',
    'run -v ::: x',
    'run --pull foo x',
    'run -d -a stdout x',
    'run --rm --restart always x',
    'run --no-healthcheck --health-cmd ls x',
    'run --mount type=bind,target=/x,foo=1 x',
    'run --mount source=x x',
    'run -itz busybox',
    'ps -z',
    'ps extra',
    'ps --format',
    'ps --filter foo',
    'kill',
    'rename a',
    'stop -t x y',
    'pull a b',
    'image inspect',
    'image',
    'version foo',
    'network create',
    'network connect a',
    'tag x',
    'cp a',
    'cp a b',
    'cp a:x b:y',
    'port',
    'port a b c',
    'exec x',
    'volume --foo',
    'ps -h',
    'volume foo bar',
    'logs',
    'start -a x y',
    'update x',
    'exec -d',
  ])('in "docker %s" are told as docker does', async (line) => {
    const words = line.split(' ').filter(Boolean);
    const theirs = await dockerClient(words);
    const mine = await ours(words);
    expect(mine.stderr).toBe(theirs.stderr);
    expect(mine.stdout).toBe(theirs.stdout);
    expect(mine.code).toBe(theirs.code);
  });
});
