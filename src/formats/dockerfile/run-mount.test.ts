import { describe, expect, it } from 'vitest';
import { parseRunMount } from './run-mount';

const values: Readonly<Record<string, string>> = { dir: '/expanded' };
const parse = (text: string) =>
  parseRunMount(text, (value) => value.replace(/\$(\w+)/g, (_, name) => values[name] ?? ''));
const usual = { source: '/', required: false };

describe('parseRunMount', () => {
  it.each([
    ['target=/x', { ...usual, type: 'bind', target: '/x', readOnly: true }],
    [
      'type=bind,from=b,src=/a,dst=$dir,rw',
      { ...usual, type: 'bind', from: 'b', source: '/a', target: '/expanded', readOnly: false },
    ],
    [
      'type=cache,target=/c,id=x,sharing=locked,mode=0700,uid=1',
      {
        ...usual,
        source: '',
        type: 'cache',
        target: '/c',
        id: 'x',
        sharing: 'locked',
        mode: 0o700,
        uid: 1,
        readOnly: false,
      },
    ],
    [
      'type=tmpfs,target=/t,size=1.5m',
      { ...usual, source: '', type: 'tmpfs', target: '/t', size: 1_572_864, readOnly: false },
    ],
    [
      'type=secret,id=s,env=S,required',
      { ...usual, source: '', type: 'secret', id: 's', env: 'S', target: '', readOnly: true, required: true },
    ],
    ['type=bind,"target=/a,b"', { ...usual, type: 'bind', target: '/a,b', readOnly: true }],
  ])('reads %s', (text, mount) => {
    expect(parse(text)).toEqual(mount);
  });

  it.each([
    ['type=cahce,target=/x', 'unsupported mount type "cahce" (did you mean cache?)'],
    ['type=ssh', 'mounts of type "ssh" are not supported here'],
    ['tagret=/x', "unexpected key 'tagret' in 'tagret=/x' (did you mean target?)"],
    ['target', "invalid field 'target' must be a key=value pair"],
    ['type=bind,target=/x,mode=1', 'mode not allowed for "bind" type mounts'],
    ['type=bind,target=/x,size=1', "unexpected key 'size' for mount type 'bind'"],
    ['type=bind,target=/x,sharing=shared', 'invalid cache sharing set for bind mount'],
    ['type=cache,target=/x,sharing=mine', 'unsupported sharing value "mine"'],
    ['type=cache,target=/x,ro=perhaps', 'invalid value for ro: perhaps'],
    ['type=tmpfs,target=/x,size=big', 'invalid value for size: big'],
    ['type=secret', 'invalid secret mount. one of source, target required'],
    ['from=$x,target=/x', "'from' doesn't support variable expansion, define alias stage instead"],
    ['type=cache', 'invalid mount target ""'],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
