import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createUnikernelLab, httpRequest, readHttpAnswer, type UnikernelLab } from '../support/unikernel-lab';

let lab: UnikernelLab;
beforeEach(async () => {
  lab = await createUnikernelLab();
});
afterEach(() => lab.dispose());

describe('kv on a large disk', () => {
  it('goes on while its log is copied from one half to the other, though that is more than the disk takes at once', async () => {
    const { id } = await lab.tender.wire.disks.create({ sizeMiB: 32 });
    const station = lab.tender.wire.station('kv', { disks: [id] });
    const instance = await lab.start('kv', { disks: [{ sizeMiB: 32 }] }, station);
    const ask = async (method: string, path: string, body = '') =>
      readHttpAnswer(await lab.ask(station.address, httpRequest(method, path, body)));
    const value = (round: number, key: number): string => `${round}/${key} `.repeat(8000).slice(0, 60_000);
    // 9 MB that count, and 27 MB written to halves of 16.
    for (let round = 0; round < 3; round += 1) {
      for (let key = 0; key < 150; key += 1) {
        let { status } = await ask('PUT', `/${key}`, value(round, key));
        while (status === 503) ({ status } = await ask('PUT', `/${key}`, value(round, key)));
        expect([round, key, status]).toEqual([round, key, round === 0 ? 201 : 204]);
      }
    }
    await instance.kill();
    const again = lab.tender.wire.station('kv', { disks: [id] });
    await lab.start('kv', { disks: [{ sizeMiB: 32 }] }, again);
    for (let key = 0; key < 150; key += 1) {
      const { body } = readHttpAnswer(await lab.ask(again.address, httpRequest('GET', `/${key}`)));
      expect(body === value(2, key)).toBe(true);
    }
  });
});
