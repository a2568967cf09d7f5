import type { ContainerKernel } from '../../api/container-kernel';
import { fields, list, number, odd, text } from './runtime-protocol';

type Fields = Readonly<Record<string, unknown>>;

/** The runtime's `inspect`. `DataLoss` for an answer that is none. */
export function parseKernel(result: unknown): ContainerKernel {
  const kernel = fields(result);
  const user = fields(kernel['user']);
  const capabilities = fields(kernel['capabilities']);
  const seccomp = fields(kernel['seccomp']);
  const cgroup = fields(kernel['cgroup']);
  return {
    pid: number(kernel, 'pid'),
    namespaces: list(kernel, 'namespaces').map((each) => ({
      kind: text(each, 'kind'),
      inside: number(each, 'inside'),
      host: number(each, 'host'),
    })),
    user: { uid: numbers(user, 'uid'), gid: numbers(user, 'gid'), uidMap: list(user, 'uidMap').map(parseRange) },
    capabilities: {
      effective: texts(capabilities, 'effective'),
      permitted: texts(capabilities, 'permitted'),
      inheritable: texts(capabilities, 'inheritable'),
      bounding: texts(capabilities, 'bounding'),
      ambient: texts(capabilities, 'ambient'),
    },
    noNewPrivileges: kernel['noNewPrivileges'] === true,
    seccomp: { mode: parseMode(seccomp), filters: number(seccomp, 'filters') },
    cgroup: { path: text(cgroup, 'path'), files: textMap(cgroup, 'files') },
    mounts: list(kernel, 'mounts').map((each) => ({
      source: text(each, 'source'),
      target: text(each, 'target'),
      type: text(each, 'type'),
      options: text(each, 'options'),
    })),
    interfaces: list(kernel, 'interfaces').map((each) => ({
      name: text(each, 'name'),
      host: text(each, 'host'),
      ...(typeof each['bridge'] === 'string' && { bridge: each['bridge'] }),
    })),
  };
}

function parseRange(range: Fields) {
  return { inside: number(range, 'inside'), outside: number(range, 'outside'), size: number(range, 'size') };
}

function parseMode({ mode }: Fields): ContainerKernel['seccomp']['mode'] {
  if (mode === 'disabled' || mode === 'strict' || mode === 'filter') return mode;
  throw odd('mode');
}

function numbers(of: Fields, name: string): readonly number[] {
  const value = of[name];
  if (Array.isArray(value) && value.every((each): each is number => typeof each === 'number')) return value;
  throw odd(name);
}

function texts(of: Fields, name: string): readonly string[] {
  const value = of[name];
  if (Array.isArray(value) && value.every((each): each is string => typeof each === 'string')) return value;
  throw odd(name);
}

function textMap(of: Fields, name: string): Readonly<Record<string, string>> {
  const map = fields(of[name]);
  return Object.fromEntries(Object.keys(map).map((key) => [key, text(map, key)]));
}
