import { packagesOf } from './bases/recipe';
import { baseRecipes } from './bases/recipes';
import type { LockedPackage } from './lib/lock';

/** Packages that are wanted, by the architecture of the machine they are for. What they need is listed with them: nothing is resolved by chance. */
export interface PackageSet {
  readonly architecture: LockedPackage['architecture'];
  readonly names: readonly string[];
}

export const kernelPackages = { architecture: 'all', names: ['linux-source-6.1'] } as const satisfies PackageSet;
export const firmwarePackages = { architecture: 'all', names: ['seabios'] } as const satisfies PackageSet;
export const basePackages = { architecture: 'i386', names: ['busybox-static'] } as const satisfies PackageSet;
/** The C library that PID 1 and the agent are linked to. */
export const compilerPackages = { architecture: 'i386', names: ['musl-dev'] } as const satisfies PackageSet;

/** The C library that unikernels are linked to. */
export const wasiPackages = { architecture: 'all', names: ['wasi-libc'] } as const satisfies PackageSet;
/** The TCP/IP stack inside unikernels. */
export const sourcePackages = { architecture: 'source', names: ['lwip'] } as const satisfies PackageSet;

/** The container host's programs and, after them, the libraries they are linked to. */
export const containerHostPackages = {
  architecture: 'i386',
  names: [
    'conntrack',
    'crun',
    'iproute2',
    'iptables',
    'nftables',
    'libbpf1',
    'libbsd0',
    'libc6',
    'libcap2',
    'libedit2',
    'libelf1',
    'libgcrypt20',
    'libgmp10',
    'libgpg-error0',
    'libip4tc2',
    'libip6tc2',
    'libjansson4',
    'liblz4-1',
    'liblzma5',
    'libmd0',
    'libmnl0',
    'libnetfilter-conntrack3',
    'libnfnetlink0',
    'libnftables1',
    'libnftnl11',
    'libseccomp2',
    'libsystemd0',
    'libtinfo6',
    'libxtables12',
    'libyajl2',
    'libzstd1',
    'zlib1g',
  ],
} as const satisfies PackageSet;

/** What base images are made of. */
export const imagePackages: readonly PackageSet[] = baseRecipes.map(packagesOf);

export const packageSets: readonly PackageSet[] = [
  ...imagePackages,
  kernelPackages,
  firmwarePackages,
  basePackages,
  compilerPackages,
  wasiPackages,
  sourcePackages,
  containerHostPackages,
];
