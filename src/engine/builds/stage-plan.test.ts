// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are of the language under test
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../formats/dockerfile/parse-dockerfile';
import { parsePlatform, planStages, type StagePlan } from './stage-plan';
import { globalArgs } from './stage-variables';

const guest = { os: 'linux', architecture: '386' };

function plan(text: string, target?: string, buildArgs: Record<string, string> = {}): StagePlan {
  const dockerfile = parseDockerfile(text);
  return planStages(dockerfile, globalArgs(dockerfile.metaArgs, buildArgs, guest, dockerfile.escapeToken), target);
}

describe('the stages of a Dockerfile', () => {
  it('stand on images, on earlier stages, or on nothing', () => {
    const { stages } = plan('FROM a AS b\nFROM B\nFROM scratch\nFROM c\nFROM d AS c\n');
    expect(stages.map(({ base }) => base)).toEqual([
      { is: 'image', name: 'a' },
      { is: 'stage', index: 0 },
      { is: 'scratch' },
      { is: 'image', name: 'c' },
      { is: 'image', name: 'd' },
    ]);
  });

  it('are named by arguments in front of them', () => {
    const text = 'ARG name=busybox\nARG tag=${none:-1}\nFROM --platform=$TARGETPLATFORM $name:${tag} AS x\n';
    expect(plan(text).stages[0]).toMatchObject({ base: { name: 'busybox:1' }, platform: guest });
    expect(plan(text, undefined, { tag: '2', name: 'debian' }).stages[0]?.base).toEqual({
      is: 'image',
      name: 'debian:2',
    });
  });

  it('are made when the target takes something of them', () => {
    const text =
      'FROM a AS one\nFROM b AS two\nCOPY --from=one /x /y\nFROM c AS three\nFROM d\nRUN --mount=from=two,target=/t z\nCOPY --from=0 a b\n';
    expect(plan(text)).toMatchObject({ target: 3, needed: [0, 1, 3] });
    expect(plan(text, 'THREE')).toMatchObject({ target: 2, needed: [2] });
    expect(plan(text, '1')).toMatchObject({ target: 1, needed: [0, 1] });
  });

  it('are refused in the words of BuildKit', () => {
    expect(() => plan('FROM a AS build\n', 'biuld')).toThrow(
      'target stage "biuld" could not be found (did you mean build?)',
    );
    expect(() => plan('ARG x\nFROM $x\n')).toThrow(
      'dockerfile parse error on line 2: base name ($x) should not be blank',
    );
    expect(() => plan('FROM --platform=moon a\n')).toThrow('"moon" is an invalid platform: it is like linux/386');
    expect(() => plan('FROM ${x?needed}\n')).toThrow('x: needed');
  });

  it('are exactly those that can be reached from the target, whatever takes what', () => {
    const links = fc.array(fc.array(fc.nat(11), { maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(links, fc.nat(11), (uses, wanted) => {
        const target = wanted % uses.length;
        const earlier = uses.map((of, index) => of.filter((each) => each < index));
        const lines = earlier.flatMap((of, index) => [
          `FROM i AS s${index}`,
          ...of.map((each) => `COPY --from=s${each} a b`),
        ]);
        const { needed } = plan(lines.join('\n'), `s${target}`);
        const reached = new Set<number>();
        const visit = (index: number): void => {
          if (reached.has(index)) return;
          reached.add(index);
          for (const each of earlier[index] ?? []) visit(each);
        };
        visit(target);
        expect(needed).toEqual([...reached].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});

it.each([
  ['linux/386', { os: 'linux', architecture: '386' }],
  ['Linux/x86_64', { os: 'linux', architecture: 'amd64' }],
  ['linux/arm/v7', { os: 'linux', architecture: 'arm', variant: 'v7' }],
])('the platform %s', (text, platform) => {
  expect(parsePlatform(text)).toEqual(platform);
});
