import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance, InstanceId } from '../../src/api/instance';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { shell } from '../support/node-lab';

const address = '10.0.0.77';

/** A hang guard: cold guests on a busy machine. */
const guardMs = 300_000;

/** Whoever has spoken with a machine remembers its MAC for minutes, and the next machine need not say a word. */
describe('an address that was another machine’s', { timeout: guardMs }, () => {
  let made: GatewayLab;
  let peer: Instance;

  beforeAll(async () => {
    made = await createGatewayLab();
    peer = made.lab.instance(await start('peer'));
  }, guardMs);
  afterAll(() => made?.dispose());

  async function start(name: string, fixed?: string): Promise<InstanceId> {
    const { lab } = made;
    const nics = [{ network: 'default', ...(fixed !== undefined && { address: fixed }) }];
    const { id } = await lab.create({
      kind: 'vm',
      name,
      memoryMiB: 64,
      devices: 'virtio',
      containerHost: false,
      nics,
    });
    await lab.start(id).finished;
    return id;
  }

  const ping = () => shell(peer, `ping -c 1 -W 3 ${address}`);
  /** Nobody listens there, which only who has the address can say. */
  const refusedByIt = () =>
    expect(made.lab.connect('default', { address, port: 9 })).rejects.toMatchObject({ details: { reason: 'refused' } });

  it('is reached at once by a peer and by the gateway, though it has not spoken', async () => {
    const askers = [async () => expect(await ping()).toMatchObject({ code: 0 }), async () => refusedByIt()] as const;
    let before: InstanceId | undefined;
    // Who answers the first asker lets the other hear of itself, so each is the first once.
    for (const order of [askers, askers, askers.toReversed()]) {
      if (before !== undefined) await made.lab.remove(before).finished;
      before = await start('stranger', address);
      for (const ask of order) await ask();
    }
  });
});
