import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeProblem } from '../yaml/yaml-reader';
import { readScenario } from './read-scenario';
import type { Scenario } from './scenario';
import { serializeScenario } from './serialize-scenario';

const shop = `
strata: 1
name: Two servers behind a balancer # a comment
networks:
  - name: back
    subnet: 10.2.0.0/24
instances:
  - kind: unikernel
    name: web
    image: strata/unikernel-httpd:1
    nics: [{ network: back, address: 10.2.0.10 }]
    files:
      /www/index.html: |
        <h1>Hello</h1>
  - kind: vm
    name: client
    memory: 64
    setup: wget -qO- http://web/
containers:
  - name: cache
    image: redis:7
    command: [redis-server, --save, ""]
    environment: { LEVEL: 3, TAG: 1.10 }
    ports: ["6379:6379"]
publish:
  - { instance: web, port: 80 }
`;

/** All that is wrong with a text. */
function problemsOf(text: string): readonly string[] {
  const read = readScenario(text);
  return 'problems' in read ? read.problems.map(describeProblem) : [];
}

describe('a scenario', () => {
  it('is read as it is written, numbers that are texts as texts', () => {
    expect(readScenario(shop)).toEqual({
      value: {
        name: 'Two servers behind a balancer',
        networks: [{ name: 'back', subnet: '10.2.0.0/24', mtu: 1500 }],
        instances: [
          {
            kind: 'unikernel',
            name: 'web',
            image: 'strata/unikernel-httpd:1',
            nics: [{ network: 'back', address: '10.2.0.10' }],
            files: { '/www/index.html': '<h1>Hello</h1>\n' },
          },
          { kind: 'vm', name: 'client', memory: 64, setup: 'wget -qO- http://web/' },
        ],
        containers: [
          {
            name: 'cache',
            image: 'redis:7',
            command: ['redis-server', '--save', ''],
            environment: { LEVEL: '3', TAG: '1.10' },
            ports: ['6379:6379'],
          },
        ],
        publish: [{ instance: 'web', port: 80 }],
      } satisfies Scenario,
    });
  });

  it('is told how long a text is that is too long', () => {
    const [problem] = problemsOf(`strata: 1\nname: ${'y'.repeat(3000)}`);
    expect(problem).toMatch(/^line 2, column 7: name: "y+… has 3000 characters: at most 120 are allowed$/);
  });

  it.each([
    ['', ['line 1, column 1: It is empty']],
    ['strata: 2\nname: x\nfleets: []', ['line 1, column 1: It is a scenario of version 2; this page reads version 1']],
    ['strata: 1', ['line 1, column 1: "name" is missing']],
    ['strata: 1\nname: x\n---\nname: y', ['line 3, column 1: A second document begins here (---): a file has one']],
    ['strata: 1\nname: x\ninstance: []', ['line 3, column 1: "instance" is not known here: is "instances" meant?']],
    [
      'strata: 1\nname: x\ninstances:\n  - kind: vm\n    name: a\n    memory: 5000',
      ['line 6, column 13: instances[0].memory: 5000 is not a whole number from 32 to 1024'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - kind: pod\n    name: a',
      ['line 4, column 11: instances[0].kind: "pod" is none of vm, unikernel'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - name: a',
      ['line 4, column 5: instances[0]: "kind" is missing: vm, unikernel'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a, nics: [{ network: default, address: 10.1.0.300 }] }',
      ['line 4, column 62: instances[0].nics[0].address: "10.1.0.300" is not an IPv4 address'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a }\n  - { kind: vm, name: a }',
      ['line 5, column 23: instances[1].name: Two are called "a"'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a, nics: [{ network: lan }] }',
      ['line 4, column 44: instances[0].nics[0].network: a is on the network "lan", which is not among the networks'],
    ],
    [
      'strata: 1\nname: x\nnetworks:\n  - { name: default, subnet: 10.9.0.0/16 }',
      [
        'line 4, column 13: networks[0].name: "default" is always there, with 10.0.0.0/16; a network of another name has what it should have',
      ],
    ],
    [
      'strata: 1\nname: x\nnetworks:\n  - { name: a, subnet: 10.9.0.1/16 }',
      ['line 4, column 24: networks[0].subnet: 10.9.0.1/16 has host bits that are not 0; write 10.9.0.0/16'],
    ],
    [
      'strata: 1\nname: x\nnetworks:\n  - { name: a, subnet: 10.9.0.0/31 }',
      ['line 4, column 24: networks[0].subnet: The prefix of 10.9.0.0/31 is /31; it must be between /8 and /30'],
    ],
    [
      'strata: 1\nname: x\nnetworks:\n  - { name: a, subnet: 10.9.0.0/16 }\n  - { name: b, subnet: 10.9.8.0/24 }',
      ['line 5, column 24: networks[1].subnet: 10.9.8.0/24 overlaps the network "a" (10.9.0.0/16)'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a, nics: [{ network: default, address: 10.1.0.3 }] }',
      [
        'line 4, column 62: instances[0].nics[0].address: 10.1.0.3 is not an address for hosts of the network "default" (10.0.0.0/16); choose one from 10.0.0.2 to 10.0.255.254',
      ],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a, nics: [{ network: default, address: 10.0.0.1 }] }',
      [
        'line 4, column 62: instances[0].nics[0].address: 10.0.0.1 is kept for the gateway of the network "default"; choose one from 10.0.0.2 to 10.0.255.254',
      ],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a }\n  - { kind: vm, name: b, nics: [{ network: default, address: 10.0.0.2 }] }',
      ['line 5, column 62: instances[1].nics[0].address: 10.0.0.2 is what a has on the network "default" by then'],
    ],
    [
      `strata: 1\nname: x\nnetworks:\n  - { name: n, subnet: 10.9.0.0/30 }\ninstances:\n  - { kind: vm, name: a, nics: [{ network: n }] }\n  - { kind: vm, name: b, nics: [{ network: n }] }`,
      ['line 7, column 33: instances[1].nics[0]: The network "n" (10.9.0.0/30) has no address left for b'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a, shares: [{ folder: f }, { folder: g, tag: f }] }',
      ['line 4, column 50: instances[0].shares[1]: Two shares of a have the tag "f"'],
    ],
    [
      'strata: 1\nname: x\ncontainers:\n  - { name: c, image: busybox }',
      [
        'line 4, column 13: containers[0].name: "c" is not a name of two or more letters, digits, underscores, dots and hyphens',
      ],
    ],
    [
      'strata: 1\nname: x\npublish:\n  - { instance: b, port: 80 }',
      ['line 4, column 17: publish[0].instance: "b" is published and is not among the instances'],
    ],
    [
      'strata: 1\nname: x\nvolumes:\n  - { name: a }\n  - { name: bb, of: machines }\n  - { name: c, size: 0 }\n  - { name: ../d, size: 1 }',
      [
        'line 4, column 5: volumes[0]: "size" is missing',
        'line 5, column 21: volumes[1].of: "machines" is none of containers',
        'line 6, column 22: volumes[2].size: 0 is not a whole number from 1 to 65536',
        'line 7, column 13: volumes[3].name: "../d" is not a name of letters, digits, underscores, dots and hyphens',
      ],
    ],
    [
      'strata: 1\nname: x\nvolumes:\n  - { name: aa, size: 1 }\n  - { name: aa, of: containers }',
      ['line 5, column 13: volumes[1].name: Two are called "aa"'],
    ],
    [
      'strata: 1\nname: x\nvolumes: [{ name: aa, of: containers }]\ninstances:\n  - kind: vm\n    name: a\n    disks: [{ size: 1 }, { volume: aa }]',
      [
        'line 7, column 36: instances[0].disks[1].volume: a has the volume "aa", which is not among the volumes that are disks',
      ],
    ],
    [
      'strata: 1\nname: x\nvolumes: [{ name: v, size: 1 }]\ninstances:\n  - { kind: vm, name: a, disks: [{ volume: v }] }\n  - { kind: vm, name: b, disks: [{ volume: v }] }',
      ['line 6, column 44: instances[1].disks[0].volume: Two have the volume "v"'],
    ],
    [
      'strata: 1\nname: x\ninstances:\n  - { kind: vm, name: a, shares: [{ folder: a/b, at: mnt }] }',
      [
        'line 4, column 45: instances[0].shares[0].folder: "a/b" is not the name of a folder',
        'line 4, column 54: instances[0].shares[0].at: "mnt" is not an absolute path',
      ],
    ],
    [
      'strata: 1\nname: x\nlayout:\n  web: { x: -1, y: 2 }',
      ['line 4, column 13: layout.web.x: -1 is not a whole number from 0 to 20000'],
    ],
    [
      'strata: 1\nname: x\nlayout:\n  network/default: { x: 1, y: 2 }\n  web: { x: 1, y: 2 }',
      ['line 5, column 8: layout.web: "web" has a place and is not among the instances and networks'],
    ],
    ['strata: 1\nname: &n x\nnotes: *n', ['line 3, column 8: notes: Anchors and aliases are not read: write it out']],
    ['strata: 1\nname: x\nname: y', ['line 3, column 1: Map keys must be unique']],
    ['strata: 1\nname: "x', ['line 2, column 9: Missing closing "quote']],
  ])('%j is refused with its place', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('writes a place on one line', () => {
    const layout = { a: { x: 1, y: 2 }, 'network/default': { x: 30, y: 40 } };
    const instances = [{ kind: 'vm' as const, name: 'a' }];
    const written = serializeScenario({ name: 'x', networks: [], instances, containers: [], publish: [], layout });
    expect(written).toContain('layout:\n  a: { x: 1, y: 2 }\n  network/default: { x: 30, y: 40 }\n');
  });

  it('that is nested without end, or longer than any, is refused', () => {
    expect(problemsOf(`strata: 1\nname: ${'['.repeat(100_000)}`)).not.toEqual([]);
    expect(problemsOf(`strata: 1\nname: x\nnotes: ${'x'.repeat(1024 * 1024)}`)[0]).toContain('It is longer than');
  });

  it.each([
    ['<!DOCTYPE html>\n<html><head>', 'It is a web page'],
    ['\n<html lang="en">', 'It is a web page'],
    [`${'lab.json'.padEnd(256, '\0')}\0ustar\0${'x'.repeat(2 * 1024 * 1024)}`, 'It is an archive'],
    [new TextDecoder().decode(new Uint8Array([0x1f, 0x8b, 8, 0])), 'It is an archive'],
  ])('that is none is told as what it is: %.16j', (source, said) => {
    expect(problemsOf(source)).toEqual([expect.stringContaining(said)]);
  });

  it('of any text is read or refused', () => {
    const piece = fc.constantFrom(
      'strata: 1\n',
      'name: x\n',
      'instances:\n',
      '  - kind: vm\n',
      '    name: a\n',
      '{',
      '[',
      '&a ',
      '*a',
      '- ',
      '? ',
      '!!js ',
      '|\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const read = readScenario(text);
          expect('value' in read || read.problems.length > 0).toBe(true);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it('is written in a way that is read back as the same', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const vm = fc.record(
      {
        kind: fc.constant('vm' as const),
        name,
        memory: fc.integer({ min: 32, max: 1024 }),
        setup: fc.string(),
        command: fc.array(fc.string(), { maxLength: 4 }),
      },
      { requiredKeys: ['kind', 'name'] },
    );
    const disk = fc.record({
      name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,8}$/),
      size: fc.integer({ min: 1, max: 65_536 }),
    });
    const point = fc.record({ x: fc.nat(20_000), y: fc.nat(20_000) });
    const scenario = fc.record({
      volumes: fc.uniqueArray(disk, { selector: (each) => each.name, minLength: 1, maxLength: 3 }),
      layout: fc.record({ 'network/default': point, 'gateway/default': point }),
      name: fc.string({ minLength: 1, maxLength: 20 }),
      networks: fc.constantFrom([], [{ name: 'back', subnet: '10.2.0.0/24', mtu: 9000 }]),
      instances: fc.uniqueArray(vm, { selector: (each) => each.name, maxLength: 4 }),
      containers: fc.constant([]),
      publish: fc.constant([]),
    });
    fc.assert(
      fc.property(scenario, (each: Scenario) => {
        expect(readScenario(serializeScenario(each))).toEqual({ value: each });
      }),
    );
  });
});
