import { describe, expect, it } from 'vitest';
import { hosts, network } from './gateway-fixture';
import { answerMetadata } from './metadata-server';

const randomBytes = (count: number) => new Uint8Array(count).fill(0xab);
const ask = (target: string, method = 'GET', host = hosts[0]) =>
  answerMetadata({ method, target }, { network, host, address: '10.1.0.9', randomBytes });

describe('instance metadata', () => {
  it.each([
    ['/latest/meta-data/hostname', 'web.lab.internal'],
    ['/latest/meta-data/instance-id', 'i-a1'],
    ['/latest/meta-data/local-ipv4', '10.1.0.2'],
    ['/latest/meta-data/mac', '02:00:00:00:00:01'],
    ['/latest/meta-data/network/interfaces/macs/02:00:00:00:00:01/subnet-ipv4-cidr-block', '10.1.0.0/24'],
    ['/latest/meta-data/placement/availability-zone?x=1', 'lab'],
    ['/', 'latest/'],
    ['/latest', 'meta-data/'],
    ['//latest///meta-data/placement/', 'availability-zone\nregion'],
  ])('has %s', (target, body) => {
    expect(ask(target)).toMatchObject({ status: 200, body });
  });

  it.each([
    '/latest/meta-data/nothing',
    '/latest/meta-data/mac/more',
    '/latest/meta-data/__proto__',
    '/latest/meta-data/constructor',
  ])('has no %s', (target) => {
    expect(ask(target)).toMatchObject({ status: 404 });
  });

  it('tells a stranger its address and no more', () => {
    const listed = answerMetadata(
      { method: 'GET', target: '/latest/meta-data/' },
      { network, host: undefined, address: '10.1.0.9', randomBytes },
    );
    expect(listed.body.split('\n')).toEqual(['ami-id', 'local-ipv4', 'placement/', 'services/']);
  });

  it('gives out tokens, and refuses to be written to', () => {
    expect(ask('/latest/api/token', 'PUT').body).toBe('ab'.repeat(28));
    expect(ask('/latest/meta-data/mac', 'POST').status).toBe(405);
  });
});
