import { describe, expect, it } from 'vitest';
import type { ExecSpec, InstanceState, Process, VmSpec } from '../../api/instance';
import { VmNames } from './vm-names';

const base: VmSpec = { kind: 'vm', name: 'web', memoryMiB: 64, devices: 'virtio', containerHost: false };

/** A guest that keeps the scripts it is told to run. */
function guestWith(spec: VmSpec, hosts: string | undefined) {
  const scripts: string[] = [];
  const guest = {
    spec,
    state: { phase: 'running', since: 0 } as InstanceState,
    exec({ argv }: ExecSpec): Process {
      scripts.push(argv.slice(2).join(' '));
      return {
        id: 'test/1',
        stdin: new WritableStream(),
        stdout: new ReadableStream({ start: (controller) => controller.close() }),
        stderr: new ReadableStream({ start: (controller) => controller.close() }),
        exited: Promise.resolve(0),
        resize() {},
        kill() {},
      };
    },
  };
  const names = new VmNames(guest, hosts === undefined ? undefined : { hosts: () => hosts });
  return { guest, names, scripts };
}

describe('the names that a guest knows', () => {
  it('are told to one that runs as they change, each by itself', async () => {
    const { names, scripts } = guestWith(base, '10.0.0.2 db\n');
    await names.updateHosts();
    await names.updateHostname();
    await names.catchUp();
    expect(scripts).toEqual([expect.stringContaining('/etc/hosts'), expect.stringMatching(/\/etc\/hostname.* web$/)]);
  });

  it('are told at once when it runs again, and once only', async () => {
    const { guest, names, scripts } = guestWith(base, '10.0.0.2 db\n');
    guest.state = { phase: 'paused', since: 0 };
    await names.updateHosts();
    await names.updateHostname();
    await names.catchUp();
    expect(scripts).toEqual([]);
    guest.state = { phase: 'running', since: 0 };
    await names.catchUp();
    await names.catchUp();
    expect(scripts).toEqual([expect.stringMatching(/\/etc\/hostname.*\/etc\/hosts/)]);
  });

  it.each([
    ['begins has them from the first', false, 0],
    ['goes on as it was is told them', true, 1],
  ])('a guest that %s', async (_, continued, told) => {
    const { guest, names, scripts } = guestWith(base, '10.0.0.2 db\n');
    guest.state = { phase: 'starting', since: 0 };
    await names.updateHostname();
    expect(names.identify(continued)).toEqual({ hostname: 'web', hosts: '10.0.0.2 db\n' });
    guest.state = { phase: 'running', since: 0 };
    await names.catchUp();
    expect(scripts).toHaveLength(told);
  });

  it('are its own name alone where nothing surrounds it', async () => {
    const { names, scripts } = guestWith(base, undefined);
    await names.updateHosts();
    expect(names.identify(true)).toEqual({ hostname: 'web' });
    await names.catchUp();
    expect(scripts).toEqual([expect.not.stringContaining('/etc/hosts.new')]);
  });

  it('are not told to a guest without our agent', async () => {
    const { names, scripts } = guestWith({ ...base, firmware: { boot: ['disk'] } }, '10.0.0.2 db\n');
    await names.updateHosts();
    await names.updateHostname();
    names.identify(true);
    await names.catchUp();
    expect(scripts).toEqual([]);
  });
});
