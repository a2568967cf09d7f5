import { describe, expect, it } from 'vitest';
import { openTestLab } from './lab-fixture';
import { comingHost, NewHosts } from './new-hosts';

const draft = { kind: 'vm', memoryMiB: 32, devices: 'virtio', containerHost: false } as const;

describe('a host that is not there yet', () => {
  it('is made for the first that wants one, and waited for by the others', async () => {
    const { lab } = await openTestLab();
    const hosts = new NewHosts(() => lab.create({ ...draft, name: 'host-1' }));
    const many = await Promise.all([hosts.makeOn([]), hosts.makeOn([]), hosts.makeOn(['back'])]);
    expect(many.map(({ record, choice }) => [record.name, choice.kind])).toEqual([
      ['host-1', 'made'],
      ['host-1', 'awaited'],
      ['host-1', 'awaited'],
    ]);
  });

  it('is started by the first, and waited for by those that come meanwhile', async () => {
    const { lab } = await openTestLab();
    const { id } = await lab.create({ ...draft, name: 'host-1' });
    const kind = () => lab.list().map((record) => comingHost(record).choice.kind);
    expect(kind()).toEqual(['started']);
    const { finished } = lab.start(id);
    expect(kind()).toEqual(['awaited']);
    await finished;
    await lab.stop(id).finished;
    expect(kind()).toEqual(['started']);
  });
});
