import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import type { StageInstruction } from './instruction';
import { parseDockerfile, parseTrigger } from './parse-dockerfile';

/** The instructions of a stage, without where they stand. */
function instructions(text: string): readonly object[] {
  return parseDockerfile(`FROM scratch\n${text}`).stages.flatMap((stage) =>
    stage.instructions.map(({ range: _range, source: _source, ...rest }) => rest),
  );
}

const shell = (text: string) => ({ form: 'shell', text, heredocs: [] });
const copy = { link: false, excludes: [], heredocs: [], parents: false };

const table: readonly (readonly [line: string, parsed: object])[] = [
  ['RUN echo  hi', { is: 'run', command: shell('echo  hi'), mounts: [], network: 'default', security: 'sandbox' }],
  [
    'run ["a", "b c"]',
    { is: 'run', command: { form: 'exec', argv: ['a', 'b c'] }, mounts: [], network: 'default', security: 'sandbox' },
  ],
  ["RUN ['a']", { is: 'run', command: shell("['a']"), mounts: [], network: 'default', security: 'sandbox' }],
  [
    'RUN --mount=type=cache,target=/c --mount=target=/d --network=none true',
    {
      is: 'run',
      command: shell('true'),
      mounts: ['type=cache,target=/c', 'target=/d'],
      network: 'none',
      security: 'sandbox',
    },
  ],
  ['CMD a b', { is: 'cmd', command: shell('a b') }],
  ['CMD []', { is: 'cmd', command: { form: 'exec', argv: [] } }],
  ['ENTRYPOINT ["/x"]', { is: 'entrypoint', command: { form: 'exec', argv: ['/x'] } }],
  [
    'ENV A=1 B="two words" C=three\\ words',
    {
      is: 'env',
      pairs: [
        { name: 'A', value: '1' },
        { name: 'B', value: '"two words"' },
        { name: 'C', value: 'three\\ words' },
      ],
    },
  ],
  ['ENV A the  old form', { is: 'env', pairs: [{ name: 'A', value: 'the  old form' }] }],
  [
    'LABEL "a.b"=c d=',
    {
      is: 'label',
      pairs: [
        { name: '"a.b"', value: 'c' },
        { name: 'd', value: '' },
      ],
    },
  ],
  ['ARG a b=1 c=', { is: 'arg', args: [{ name: 'a' }, { name: 'b', value: '1' }, { name: 'c', value: '' }] }],
  ['COPY a b /c/', { is: 'copy', sources: ['a', 'b'], destination: '/c/', ...copy }],
  ['COPY ["a b", "/c d"]', { is: 'copy', sources: ['a b'], destination: '/c d', ...copy }],
  [
    'COPY --from=x --chown=1:2 --chmod=755 --link --exclude=*.md --exclude=y a /',
    {
      is: 'copy',
      sources: ['a'],
      destination: '/',
      ...copy,
      from: 'x',
      chown: '1:2',
      chmod: '755',
      link: true,
      excludes: ['*.md', 'y'],
    },
  ],
  [
    'ADD --checksum=sha256:ab --unpack=false http://x/y /',
    {
      is: 'add',
      sources: ['http://x/y'],
      destination: '/',
      link: false,
      excludes: [],
      heredocs: [],
      checksum: 'sha256:ab',
      unpack: false,
    },
  ],
  ['WORKDIR /a b', { is: 'workdir', value: '/a b' }],
  ['USER a:b', { is: 'user', value: 'a:b' }],
  ['STOPSIGNAL SIGQUIT', { is: 'stopsignal', value: 'SIGQUIT' }],
  ['EXPOSE 80 53/udp', { is: 'expose', ports: ['80', '53/udp'] }],
  ['VOLUME /a /b', { is: 'volume', paths: ['/a', '/b'] }],
  ['VOLUME ["/a b"]', { is: 'volume', paths: ['/a b'] }],
  ['SHELL ["/bin/bash", "-c"]', { is: 'shell', argv: ['/bin/bash', '-c'] }],
  ['MAINTAINER A <b@c>', { is: 'maintainer', value: 'A <b@c>' }],
  ['ONBUILD COPY . /x', { is: 'onbuild', expression: 'COPY . /x' }],
  ['HEALTHCHECK NONE', { is: 'healthcheck', test: ['NONE'] }],
  [
    'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0 --retries=3 CMD curl x',
    { is: 'healthcheck', test: ['CMD-SHELL', 'curl x'], interval: 90e9, timeout: 1.5e9, retries: 3 },
  ],
  ['HEALTHCHECK CMD ["a"]', { is: 'healthcheck', test: ['CMD', 'a'] }],
  // Lines that go on.
  [
    'RUN a \\\n  b \\\n# a comment\n\n && c',
    { is: 'run', command: shell('a   b  && c'), mounts: [], network: 'default', security: 'sandbox' },
  ],
  ['RUN a \\\\\nCMD b', { is: 'run', command: shell('a \\\\'), mounts: [], network: 'default', security: 'sandbox' }],
  ['  # indented comment\n\tCMD a\r', { is: 'cmd', command: shell('a') }],
  ['CMD a\\', { is: 'cmd', command: shell('a') }],
];

describe('parseDockerfile', () => {
  it.each(table)('reads %j', (line, parsed) => {
    expect(instructions(line)[0]).toEqual(parsed);
  });

  it('finds stages, what stands in front of them, and directives', () => {
    const parsed = parseDockerfile(
      '# syntax=docker/dockerfile:1\n# escape=`\n\nARG v=1\nFROM --platform=linux/386 a:$v AS Build\nRUN a `\n b\nFROM build\nCOPY --from=build C:\\x /\n',
    );
    expect(parsed).toMatchObject({ escapeToken: '`', syntax: 'docker/dockerfile:1', warnings: [] });
    expect(parsed.metaArgs.map(({ args }) => args)).toEqual([[{ name: 'v', value: '1' }]]);
    expect(parsed.stages.map(({ from }) => [from.image, from.name, from.platform])).toEqual([
      ['a:$v', 'build', 'linux/386'],
      ['build', undefined, undefined],
    ]);
    const [run] = parsed.stages[0]?.instructions ?? [];
    expect(run).toMatchObject({ range: { start: { line: 6, column: 1 }, endLine: 7 }, source: 'RUN a  b' });
  });

  it('takes directives for comments once anything else has come', () => {
    expect(parseDockerfile('# a comment\n# escape=`\nFROM a\n').escapeToken).toBe('\\');
    expect(parseDockerfile('\n# escape=`\nFROM a\n').escapeToken).toBe('\\');
  });

  it('warns of empty lines in an instruction', () => {
    expect(parseDockerfile('FROM a\nRUN b \\\n\n c\n').warnings).toEqual([
      { message: 'Empty continuation line', line: 3 },
    ]);
  });

  it('reads heredocs: several, quoted ones, and those without their tabs', () => {
    const [run, copied, next] = instructions(
      'RUN <<EOF cat - <<-"E 2"\necho $a\nEOF\n\ttabs\n\tE 2\nCOPY <<-file <<\'raw\' b /to/\n\t$a\n\tfile\n\t$a\nraw\nCMD x',
    ) as readonly StageInstruction[];
    const heredoc = { fileDescriptor: 0 };
    expect(run).toMatchObject({
      command: {
        text: 'RUN <<EOF cat - <<-"E 2"'.slice(4),
        heredocs: [
          { ...heredoc, name: 'EOF', expand: true, chomp: false, content: 'echo $a\n' },
          { ...heredoc, name: 'E 2', expand: false, chomp: true, content: '\ttabs\n' },
        ],
      },
    });
    expect(copied).toMatchObject({
      sources: ['b'],
      heredocs: [
        { name: 'file', expand: true, content: '$a\n' },
        { name: 'raw', expand: false, content: '\t$a\n' },
      ],
    });
    expect(next).toMatchObject({ is: 'cmd' });
  });

  it('keeps the heredocs of a trigger in it', () => {
    const [onbuild] = instructions('ONBUILD RUN <<EOF\na\nEOF') as readonly StageInstruction[];
    expect(onbuild).toMatchObject({ is: 'onbuild', expression: 'RUN <<EOF\na\nEOF' });
    expect(parseTrigger('RUN <<EOF\na\nEOF')).toMatchObject({ command: { heredocs: [{ content: 'a\n' }] } });
  });

  const errors: readonly (readonly [text: string, message: string, line: number, column: number])[] = [
    ['FROM a\n\nFORM b', 'unknown instruction: FORM (did you mean FROM?)', 3, 1],
    ['FROM a\n  COPPY b', 'unknown instruction: COPPY (did you mean COPY?)', 2, 3],
    ['FROM a\nNONSENSE', 'unknown instruction: NONSENSE', 2, 1],
    ['', 'file with no instructions', 1, 1],
    ['# nothing\n', 'file with no instructions', 1, 1],
    ['RUN a', 'no build stage in current context', 1, 1],
    ['ARG a', 'no build stage in current context', 1, 1],
    ['FROM', 'FROM requires either one or three arguments', 1, 1],
    ['FROM a b c', 'FROM requires either one or three arguments', 1, 1],
    ['FROM a AS 1x', `invalid name for build stage: "1x", name can't start with a number or contain symbols`, 1, 11],
    [
      'FROM a\nCOPY x',
      'COPY requires at least two arguments, but only one was provided. Destination could not be determined',
      2,
      1,
    ],
    ['FROM a\nCOPY --form=b x y', 'unknown flag: --form (did you mean from?)', 2, 6],
    ['FROM a\nCOPY --from x y', 'missing a value on flag: --from', 2, 6],
    ['FROM a\nCOPY --from=a --from=b x y', 'duplicate flag specified: --from', 2, 6],
    ['FROM a\nCOPY --link=perhaps x y', 'expecting boolean value for flag --link, not: perhaps', 2, 6],
    ['FROM a\nENV a', 'ENV must have two arguments', 2, 5],
    ['FROM a\nENV a=1 b', `Syntax error - can't find = in "b". Must be of the form: name=value`, 2, 9],
    ['FROM a\nENV =1', 'ENV names can not be blank', 2, 5],
    ['FROM a\nCMD [1]', 'when using JSON array syntax, arrays must be comprised of strings only', 2, 5],
    ['FROM a\nSHELL bash', 'SHELL requires the arguments to be in JSON form: SHELL bash', 2, 7],
    ['FROM a\nWORKDIR', 'WORKDIR requires exactly one argument', 2, 1],
    ['FROM a\nONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 2, 1],
    ['FROM a\nONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger", 2, 1],
    ['FROM a\nHEALTHCHECK --interval=1x CMD a', 'time: unknown unit "x" in duration "1x"', 2, 24],
    ['FROM a\nHEALTHCHECK --interval=1us CMD a', 'Interval "interval" cannot be less than 1ms', 2, 24],
    ['FROM a\nHEALTHCHECK PING', 'Unknown type "PING" in HEALTHCHECK (try CMD)', 2, 13],
    ['FROM a\nHEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD', 2, 1],
    ['FROM a\nRUN <<EOF\nx', 'unterminated heredoc', 2, 5],
    ['# escape=x\nFROM a', "invalid escape token 'x' does not match ` or \\", 1, 10],
    ['# escape=`\n# escape=`\nFROM a', 'only one escape parser directive can be used', 2, 1],
    ['FROM a\nRUN --network=moon x', 'invalid network mode: "moon"', 2, 15],
    [`FROM a\nRUN ${'x'.repeat(70_000)}`, 'dockerfile line greater than max allowed size of 65535', 2, 1],
    ['FROM a\n'.repeat(10_001), 'there are more than 10000 instructions', 10_001, 1],
  ];

  it.each(errors)('refuses %j', (text, message, line, column) => {
    const error = caught(() => parseDockerfile(text));
    expect(error.message).toBe(`dockerfile parse error on line ${line}: ${message}`);
    expect(error).toMatchObject({ code: 'InvalidArgument', details: { line, column } });
  });
});

function caught(work: () => unknown): SandboxError {
  try {
    work();
  } catch (error) {
    if (error instanceof SandboxError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}
