import { describe, expect, it } from 'vitest';
import type { ExecSpec } from '../../api/instance';
import { SandboxError } from '../../base/errors';
import { HostRehearsal, rehearsedPort } from './host-rehearsal';
import type { GuardedPort } from './port-guard';
import { holdProcess } from './process-fixture';

/** What `ip -o -4 addr show scope global` says. */
const addresses = `4: br0    inet 10.0.0.2/24 brd 10.0.0.255 scope global br0\\       valid_lft forever preferred_lft forever
6: br-warm-up    inet 192.0.2.9/24 scope global br-warm-up\\       valid_lft forever preferred_lft forever
`;

function setUp(launched: () => Promise<number> = async () => 0) {
  const steps: string[] = [];
  const ports = new Set<GuardedPort>();
  const rehearsal = new HostRehearsal({
    guest: {
      async exec({ argv }: ExecSpec) {
        const opens = argv[2]?.includes('link add') ?? false;
        steps.push(opens ? 'open' : 'close');
        const held = holdProcess();
        if (opens) held.say(addresses);
        held.end(0);
        return { ...held.process, id: '1' };
      },
    },
    runtime: {
      async call(call, { path } = {}) {
        steps.push(`${call} ${path}`);
      },
    },
    guard: {
      async admit(wanted) {
        for (const port of wanted) {
          steps.push(`admit ${port.bridge} ${port.mac} ${port.address}`);
          ports.add(port);
        }
      },
      async withdraw(port) {
        steps.push(`withdraw ${port.address}`);
        ports.delete(port);
      },
      has: (port) => ports.has(port),
    },
    async launch() {
      steps.push('launch');
      const held = holdProcess();
      held.end(await launched());
      return { ...held.process, id: '2' };
    },
    async end() {
      steps.push('end');
    },
  });
  return { steps, rehearsal };
}

const gone = [
  'end',
  'remove /var/lib/strata/containers/strata-warm-up',
  'remove /run/strata/bundles/strata-warm-up',
  'close',
  'withdraw 192.0.2.2',
];

describe('a rehearsal on a host', () => {
  it('lets its own port through and those beside the host’s own addresses, runs, and takes away what it had', async () => {
    const { steps, rehearsal } = setUp();
    await rehearsal.run();
    const { bridge, mac, address } = rehearsedPort;
    const opened = [`admit ${bridge} ${mac} ${address}`, 'open', 'admit br0 02:42:0a:00:00:02 10.0.0.2'];
    expect(steps).toEqual([...opened, 'launch', ...gone]);
  });

  it('takes away what it had when it fails, and says why it did', async () => {
    const failure = new SandboxError('Internal', 'No space left on device');
    const { steps, rehearsal } = setUp(() => Promise.reject(failure));
    await expect(rehearsal.run()).rejects.toBe(failure);
    expect(steps.slice(-gone.length)).toEqual(gone);
  });

  it('has no network to take away where none was made', async () => {
    const { steps, rehearsal } = setUp();
    await rehearsal.clear();
    expect(steps).toEqual(gone.slice(0, 3));
  });
});
