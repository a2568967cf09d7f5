// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are of the language under test
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../formats/dockerfile/parse-dockerfile';
import { emptyRunConfig, type RunConfig } from '../../formats/image-config';
import { copySpec } from './copy-spec';
import { runSpec } from './run-spec';
import { applyConfig, type BuildScope, type StageState, scratchState, stateOf } from './stage-state';

const platform = { os: 'linux', architecture: '386' };

/** The state after instructions that change nothing but what an image says, and the other instructions. */
function stateAfter(text: string, scope: Partial<BuildScope> = {}, run: Partial<RunConfig> = {}) {
  const dockerfile = parseDockerfile(`FROM a\n${text}`);
  const full: BuildScope = { escapeToken: dockerfile.escapeToken, buildArgs: {}, globals: new Map(), ...scope };
  let state: StageState = stateOf({ platform, run: { ...emptyRunConfig, ...run }, diffIds: [], history: [] }, []);
  const others = [];
  for (const each of dockerfile.stages[0]?.instructions ?? []) {
    if (each.is === 'run' || each.is === 'copy' || each.is === 'add' || each.is === 'workdir')
      others.push({ each, state });
    else state = applyConfig(state, each, full);
  }
  return { state, others, scope: full };
}

describe('what an image says', () => {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  it.each([
    ['ENV A=1\nENV A=2 B=$A C=${A}x', { env: [path, 'A=2', 'B=1', 'C=1x'] }],
    ['ENV A="a b" B=a\\ b C=\'$A\'', { env: [path, 'A=a b', 'B=a b', 'C=$A'] }],
    ['LABEL a=1 "b c"="d e"', { labels: { a: '1', 'b c': 'd e' } }],
    ['ARG p=90\nEXPOSE $p 80 91-92/udp 80', { exposedPorts: ['90/tcp', '80/tcp', '91/udp', '92/udp'] }],
    ['ENV d=/d\nVOLUME $d /e', { volumes: ['/d', '/e'] }],
    ['SHELL ["/bin/bash", "-c"]\nCMD a b', { cmd: ['/bin/bash', '-c', 'a b'] }],
    ['CMD ["x"]\nENTRYPOINT ["y"]', { cmd: ['x'], entrypoint: ['y'] }],
    ['HEALTHCHECK --interval=5s CMD x', { healthcheck: { test: ['CMD-SHELL', 'x'], interval: 5e9 } }],
    ['USER ${who:-me}:us', { user: 'me:us' }],
    ['STOPSIGNAL SIGRTMIN+3', { stopSignal: 'SIGRTMIN+3' }],
  ])('after %j', (text, run) => {
    expect(stateAfter(text).state.run).toMatchObject(run);
  });

  it('loses the command of the image below when it gets an entrypoint', () => {
    expect(stateAfter('ENTRYPOINT ["y"]', {}, { cmd: ['below'] }).state.run.cmd).toBeUndefined();
    expect(stateAfter('USER x', {}, { cmd: ['below'] }).state.run.cmd).toEqual(['below']);
  });

  it('has arguments by the build, by the stage, and by what stands in front of it, in this order', () => {
    const globals = new Map([
      ['g', 'global'],
      ['o', 'global'],
    ]);
    const { state } = stateAfter('ARG g\nARG o=own\nARG b=own c\nARG n\nARG u=$b-$g', {
      globals,
      buildArgs: { b: 'given', c: 'given' },
    });
    expect([...state.args]).toEqual([
      ['g', 'global'],
      ['o', 'own'],
      ['b', 'given'],
      ['c', 'given'],
      ['u', 'given-global'],
    ]);
  });

  it.each([
    ['STOPSIGNAL SIGNOT', 'invalid signal: SIGNOT'],
    ['EXPOSE web', 'invalid containerPort: web'],
    ['ENV A=${B:?missing}', 'B: missing'],
    ['VOLUME $none', 'VOLUME specified can not be an empty string'],
  ])('%s is refused', (text, message) => {
    expect(() => stateAfter(text)).toThrow(message);
  });
});

describe('a RUN', () => {
  const run = (text: string, scope?: Partial<BuildScope>, config?: Partial<RunConfig>) => {
    const { others, scope: full } = stateAfter(text, scope, config);
    const last = others.at(-1);
    if (last?.each.is !== 'run') throw new Error('There is no RUN');
    return runSpec(last.each, last.state, full);
  };

  it('is for the shell, or is what it is', () => {
    expect(run('RUN a $b').argv).toEqual(['/bin/sh', '-c', 'a $b']);
    expect(run('SHELL ["s"]\nRUN a').argv).toEqual(['s', 'a']);
    expect(run('RUN ["a", "$b"]').argv).toEqual(['a', '$b']);
  });

  it('has arguments in its environment unless ENV says otherwise, and history tells of those', () => {
    const scope = { buildArgs: { a: '1', HTTP_PROXY: 'proxy', unasked: 'x' } };
    const { env, createdBy } = run('ARG a\nARG E=arg\nENV E=env\nRUN x', scope, { env: ['PATH=/bin'] });
    expect(env).toEqual(['PATH=/bin', 'E=env', 'a=1', 'HTTP_PROXY=proxy']);
    expect(createdBy).toBe('RUN |1 a=1 /bin/sh -c x # buildkit');
  });

  it('takes a heredoc for its script, or leaves it to the shell', () => {
    expect(run('RUN <<-EOF\n\ta\n\tb\nEOF')).toMatchObject({ argv: ['/bin/sh', '-c', 'a\nb\n'] });
    expect(run('RUN cat <<EOF > /x\n$a\nEOF').argv[2]).toBe('cat <<EOF > /x\n$a\nEOF');
    expect(run('RUN <<EOF\n#!/usr/bin/env python\n1\nEOF')).toMatchObject({
      argv: ['/bin/sh', '-c', '/dev/pipes/EOF'],
      script: { path: '/dev/pipes/EOF', text: '#!/usr/bin/env python\n1\n' },
    });
  });

  it('may not ask for more than a build has', () => {
    expect(() => run('RUN --security=insecure x')).toThrow('security.insecure is not allowed');
  });
});

describe('a COPY', () => {
  const copy = (text: string, config?: Partial<RunConfig>) => {
    const { others, scope } = stateAfter(text, {}, config);
    const last = others.at(-1);
    if (last?.each.is !== 'copy' && last?.each.is !== 'add') throw new Error('There is no COPY');
    return copySpec(last.each, last.state, scope);
  };

  it.each([
    ['/app', '/x', '/x'],
    ['/app', '/x/', '/x/'],
    ['/app', '.', '/app/'],
    ['/app', './x', '/app/x'],
    ['/app', '../../../x/..', '/'],
    ['/app', 'x/.', '/app/x/'],
    ['/', '..', '/'],
  ])('in %s to %s goes to %s', (workingDir, to, destination) => {
    expect(copy(`COPY a ${to}`, { workingDir }).destination).toBe(destination);
  });

  it('has its variables replaced, also in heredocs', () => {
    expect(copy('ENV d=/x\nCOPY --chown=$d --chmod=0$d a$d <<f $d/\n"$d"\nf'.replace('0$d', '640'))).toMatchObject({
      paths: ['a/x'],
      heredocs: [{ name: 'f', text: '"/x"\n' }],
      destination: '/x/',
      chown: '/x',
      mode: 0o640,
    });
  });

  it.each([
    [
      'COPY a b /c',
      'When using COPY with more than one source file, the destination must be a directory and end with a /',
    ],
    ['COPY --chmod=u+x a /', "invalid chmod parameter: 'u+x'. it should be octal string and between 0 and 07777"],
    ['ADD https://example.org/x.git /', 'ADD of a git repository is not supported here: https://example.org/x.git'],
  ])('%s is refused', (text, message) => {
    expect(() => copy(text)).toThrow(message);
  });
});

it('begins with nothing but a path to programs', () => {
  expect(scratchState(platform).run.env).toHaveLength(1);
});
