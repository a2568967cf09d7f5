import type { OciSeccomp } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';

type OciRule = NonNullable<OciSeccomp['syscalls']>[number];

interface RuleFilter {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  /** `4.8`; every kernel of ours is newer than any that is asked for. */
  readonly minKernel?: string;
}

/** A rule of docker's form of profiles (moby, profiles/seccomp): it holds where all of its filters fit. */
interface ProfileRule {
  readonly names?: readonly string[];
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: OciRule['args'] | null;
  readonly includes?: RuleFilter;
  readonly excludes?: RuleFilter;
}

export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly syscalls?: readonly ProfileRule[] | null;
}

/** Docker's word for i386. */
const guestArch = 'x86';

/** Of a profile what holds on i386 for a container with these capabilities, as the runtime wants it. */
export function resolveSeccomp(profile: SeccompProfile, capabilities: readonly string[]): OciSeccomp {
  const caps = new Set(capabilities);
  const rules = (profile.syscalls ?? []).filter(({ includes, excludes }) => {
    if (includes?.caps?.length && !includes.caps.every((cap) => caps.has(cap))) return false;
    if (includes?.arches?.length && !includes.arches.includes(guestArch)) return false;
    return !excludes?.caps?.some((cap) => caps.has(cap)) && !excludes?.arches?.includes(guestArch);
  });
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: ['SCMP_ARCH_X86'],
    syscalls: rules.map(({ names, name, action, errnoRet, args }) => ({
      names: names ?? (name === undefined ? [] : [name]),
      action,
      ...(errnoRet !== undefined && { errnoRet }),
      ...(args && args.length > 0 && { args }),
    })),
  };
}

/** A profile in docker's JSON, as `--security-opt seccomp=` brings it: clients send the text, not the file's name. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused('it is no JSON', cause);
  }
  if (!isFields(value) || typeof value['defaultAction'] !== 'string') throw refused('it has no defaultAction');
  const { syscalls } = value;
  if (syscalls !== undefined && syscalls !== null) {
    if (!Array.isArray(syscalls) || !syscalls.every(isRule)) throw refused('its syscalls are no rules');
  }
  return value as unknown as SeccompProfile;
}

function isRule(value: unknown): boolean {
  if (!isFields(value) || typeof value['action'] !== 'string') return false;
  const { name, names } = value;
  return typeof name === 'string' || (Array.isArray(names) && names.every((each) => typeof each === 'string'));
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function refused(why: string, cause?: unknown): SandboxError {
  return new SandboxError('InvalidArgument', `Decoding seccomp profile failed: ${why}`, { cause });
}
