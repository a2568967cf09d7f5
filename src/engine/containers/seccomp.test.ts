import { describe, expect, it } from 'vitest';
import { allCapabilities, chooseCapabilities } from './capabilities';
import { parseSeccompProfile, resolveSeccomp } from './seccomp';
import { defaultSeccompProfile } from './seccomp-profile';

const allowed = (capabilities: readonly string[]) =>
  new Set(
    resolveSeccomp(defaultSeccompProfile, capabilities)
      .syscalls?.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args)
      .flatMap(({ names }) => names),
  );
const usual = chooseCapabilities({ add: [], drop: [], privileged: false });

describe("docker's default seccomp profile", () => {
  it.each(['mount', 'unshare', 'setns', 'init_module', 'reboot', 'bpf', 'kexec_load', 'add_key', 'io_uring_setup'])(
    'refuses %s to a usual container',
    (name) => {
      expect(allowed(usual).has(name)).toBe(false);
    },
  );

  it.each(['read', 'mmap2', 'clock_gettime64', 'futex_time64', 'ptrace', 'chroot', 'modify_ldt', 'socketcall'])(
    'lets %s through',
    (name) => {
      expect(allowed(usual).has(name)).toBe(true);
    },
  );

  it('lets through what capabilities stand for, and only with them', () => {
    expect(allowed(['CAP_SYS_ADMIN']).has('mount')).toBe(true);
    expect(allowed(['CAP_SYS_ADMIN']).has('reboot')).toBe(false);
    expect(allowed([]).has('chroot')).toBe(false);
    expect(allowed(allCapabilities).has('init_module')).toBe(true);
    expect(allowed(allCapabilities).has('arch_prctl')).toBe(false);
  });

  it('lets clone make no namespaces, and says of clone3 that there is none', () => {
    const rules = resolveSeccomp(defaultSeccompProfile, usual).syscalls ?? [];
    expect(rules.find(({ names }) => names[0] === 'clone')?.args?.[0]?.value).toBe(0x7e020000);
    expect(rules.find(({ names }) => names[0] === 'clone3')).toMatchObject({ action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
    const free = resolveSeccomp(defaultSeccompProfile, ['CAP_SYS_ADMIN']).syscalls ?? [];
    expect(free.filter(({ names }) => names.includes('clone3'))).toMatchObject([{ action: 'SCMP_ACT_ALLOW' }]);
  });
});

describe('a profile that a user brings', () => {
  it('is read in both forms of rules', () => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { name: 'chmod', action: 'SCMP_ACT_ERRNO', args: [] },
        { names: ['chown'], action: 'SCMP_ACT_ERRNO', excludes: { arches: ['x86'] } },
      ],
    });
    expect(resolveSeccomp(parseSeccompProfile(text), [])).toEqual({
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86'],
      syscalls: [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO' }],
    });
  });

  it.each(['', '{}', '[]', '{"defaultAction":1}', '{"defaultAction":"x","syscalls":[{}]}'])(
    'is refused: %s',
    (text) => {
      expect(() => parseSeccompProfile(text)).toThrow('Decoding seccomp profile failed');
    },
  );
});
