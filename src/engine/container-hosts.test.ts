import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock';
import { ownNames } from './compare/own-names';
import { LabContainerHosts } from './container-hosts';
import { hostDraft } from './host-draft';
import type { Lab } from './lab';
import { openTestLab } from './lab-fixture';

/** A host without the lab's shared folder, and with a disk that needs no template. */
const { shares = [], disks = [], ...shape } = hostDraft();
const draft = {
  ...shape,
  shares: shares.filter((share) => 'layerStore' in share),
  disks: disks.map(({ format: _, ...disk }) => disk),
};

describe('hosts of a lab', () => {
  let lab: Lab;
  let hosts: LabContainerHosts;
  let started: string[];

  beforeEach(async () => {
    ({ lab } = await openTestLab());
    started = [];
    hosts = new LabContainerHosts({
      lab: {
        list: () => lab.list(),
        changes: lab.changes,
        networkChanges: lab.networkChanges,
        create: () => lab.create({ ...draft, name: 'host-1' }),
        // Which machine was chosen is all that is asked.
        start(id) {
          started.push(lab.list().find((each) => each.id === id)?.name ?? '');
          throw new Error('not started');
        },
        resume: (id) => lab.resume(id),
        instance: (id) => lab.instance(id),
        offerLayers: (...all) => lab.offerLayers(...all),
        plugNic: (...all) => lab.plugNic(...all),
      },
      artifacts: {
        resolve: () => Promise.reject(new Error('no artifact')),
        load: () => Promise.reject(new Error('no artifact')),
      },
      clock: new FakeClock(0),
    });
  });
  afterEach(() => hosts.dispose());

  it.each([
    ['a container with networks', () => hosts.openOn([])],
    ['whoever names none', () => hosts.open()],
  ])('are for %s never that of a comparison', async (_, open) => {
    await lab.create({ ...draft, name: ownNames.host });
    await expect(open()).rejects.toThrow('not started');
    expect(started).toEqual(['host-1']);
    await expect(hosts.open(ownNames.host)).rejects.toThrow('not started');
    expect(started).toEqual(['host-1', ownNames.host]);
  });
});
