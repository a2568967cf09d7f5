import { beforeEach, describe, expect, it } from 'vitest';
import { printedRandom } from '../../base/seed-fixture';
import { type DnsMessage, dnsCode, dnsType, parseDns, serializeDns } from '../../formats/wire/dns';
import { hosts, network } from './gateway-fixture';
import { Resolver } from './resolver';

const query = (name: string, type: number = dnsType.a, change: Partial<DnsMessage> = {}): DnsMessage => ({
  id: 99,
  response: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  code: 0,
  questions: [{ name, type, class: 1 }],
  answers: [],
  authorities: [],
  additionals: [],
  ...change,
});

describe('the resolver', () => {
  let resolver: Resolver;
  beforeEach(() => {
    resolver = new Resolver({ network, outside: 'nxdomain' });
    resolver.setHosts(hosts);
  });

  const addresses = (name: string, type?: number): (string | undefined)[] =>
    resolver
      .answer(query(name, type))
      .answers.map(({ data }) =>
        data.kind === 'address' ? data.address : data.kind === 'name' ? data.name : data.kind,
      );

  it.each([
    ['web', ['10.1.0.2']],
    ['web.lab.internal', ['10.1.0.2']],
    ['WeB.LAB.internal', ['10.1.0.2']],
    ['gateway', ['10.1.0.1']],
  ])('knows %s', (name, found) => {
    expect(addresses(name)).toEqual(found);
    expect(resolver.answer(query(name))).toMatchObject({
      id: 99,
      response: true,
      authoritative: true,
      recursionAvailable: true,
      code: 0,
      questions: [{ name }],
      answers: [{ name, ttl: 10 }],
    });
  });

  it('tells all addresses of a name, another one first each time', () => {
    resolver.setServices([{ name: 'shop', addresses: ['10.1.0.2', '10.1.0.3', '10.1.0.4'] }]);
    const first = [addresses('shop'), addresses('shop'), addresses('shop')].map(([each]) => each);
    expect(new Set(first).size).toBe(3);
    expect(addresses('db').sort()).toEqual(['10.1.0.3', '10.1.0.4']);
  });

  it('knows addresses backwards', () => {
    expect(addresses('2.0.1.10.in-addr.arpa', dnsType.ptr)).toEqual(['web.lab.internal']);
    expect(addresses('1.0.1.10.IN-ADDR.arpa', dnsType.ptr)).toEqual(['gateway.lab.internal']);
    expect(resolver.answer(query('77.0.1.10.in-addr.arpa', dnsType.ptr)).code).toBe(dnsCode.nameError);
    expect(resolver.answer(query('x.0.1.10.in-addr.arpa', dnsType.ptr)).code).toBe(dnsCode.nameError);
  });

  it('knows names of another network for those alone who are on it, too, after its own', () => {
    resolver.setFurther([
      {
        domain: 'back.internal',
        askers: ['10.1.0.2'],
        hosts: [
          { name: 'store', address: '10.2.0.7' },
          { name: 'Primary', address: '10.2.0.7' },
          { name: 'db', address: '10.2.0.8' },
        ],
      },
      { domain: 'far.internal', askers: ['10.1.0.2', '10.1.0.3'], hosts: [{ name: 'store', address: '10.3.0.9' }] },
    ]);
    const ask = (name: string, asker: string, type: number = dnsType.a) => {
      const { code, answers } = resolver.answer(query(name, type), asker);
      const found = answers.map(({ data }) =>
        data.kind === 'address' ? data.address : data.kind === 'name' ? data.name : '',
      );
      return code === dnsCode.nameError ? 'none' : found.sort();
    };
    for (const name of ['store', 'primary', 'store.back.internal', 'STORE.Back.internal']) {
      expect(ask(name, '10.1.0.2')).toEqual(['10.2.0.7']);
    }
    expect(ask('store.far.internal', '10.1.0.2')).toEqual(['10.3.0.9']);
    expect(ask('store', '10.1.0.3')).toEqual(['10.3.0.9']);
    expect(ask('db', '10.1.0.2')).toEqual(['10.1.0.3', '10.1.0.4']);
    expect(ask('db.back.internal', '10.1.0.2')).toEqual(['10.2.0.8']);
    expect(ask('8.0.2.10.in-addr.arpa', '10.1.0.2', dnsType.ptr)).toEqual(['db.back.internal']);
    for (const name of ['store', 'primary', 'store.back.internal', '8.0.2.10.in-addr.arpa', 'store.lab.internal']) {
      const type = name.endsWith('arpa') ? dnsType.ptr : dnsType.a;
      expect(ask(name, '10.1.0.4', type), name).toBe('none');
    }
    expect(ask('store.lab.internal', '10.1.0.2')).toBe('none');
    const asked = serializeDns(query('primary'));
    for (const transport of ['udp', 'tcp'] as const) {
      expect(parseDns(resolver.answerBytes(asked, transport, '10.1.0.2') ?? asked).answers).toHaveLength(1);
    }
    resolver.setFurther([]);
    expect(ask('primary', '10.1.0.2')).toBe('none');
  });

  it('knows names of its own network for those alone who have them, before what all know', () => {
    const hosts = [{ name: 'db', address: '10.1.0.9' }];
    resolver.setFurther([{ domain: 'lab.internal', askers: ['10.1.0.2'], hosts }]);
    const ask = (name: string, asker: string) =>
      resolver.answer(query(name), asker).answers.map(({ data }) => data.kind === 'address' && data.address);
    for (const name of ['db', 'DB.lab.internal']) expect(ask(name, '10.1.0.2')).toEqual(['10.1.0.9']);
    expect(ask('db', '10.1.0.4').sort()).toEqual(['10.1.0.3', '10.1.0.4']);
    resolver.setFurther([]);
  });

  it('says that a name has nothing of a type, and for how long that may be believed', () => {
    const answer = resolver.answer(query('web', dnsType.aaaa));
    expect(answer).toMatchObject({ code: 0, answers: [], authoritative: true });
    expect(answer.authorities).toMatchObject([{ name: 'lab.internal', ttl: 5, data: { kind: 'soa', minimum: 5 } }]);
  });

  it.each(['nobody', 'nobody.lab.internal', 'example.com', 'web.other.internal', ''])(
    'says that there is no %j',
    (name) => {
      const answer = resolver.answer(query(name));
      expect(answer).toMatchObject({ code: dnsCode.nameError, answers: [] });
      expect(answer.authorities).toHaveLength(1);
    },
  );

  it('says of names elsewhere that it is not for it to say, where that is wished for', () => {
    const strict = new Resolver({ network, outside: 'refused' });
    expect(strict.answer(query('example.com')).code).toBe(dnsCode.refused);
    expect(strict.answer(query('9.9.9.9.in-addr.arpa', dnsType.ptr)).code).toBe(dnsCode.refused);
    expect(strict.answer(query('nobody')).code).toBe(dnsCode.nameError);
  });

  it('tells of the domain itself', () => {
    expect(resolver.answer(query('lab.internal', dnsType.soa)).answers).toMatchObject([{ data: { kind: 'soa' } }]);
    expect(addresses('lab.internal', dnsType.ns)).toEqual(['gateway.lab.internal']);
    expect(resolver.answer(query('lab.internal'))).toMatchObject({ code: 0, answers: [] });
  });

  it('has records of the user’s own, behind instances of that name', () => {
    resolver.setRecords([
      { name: 'www', type: dnsType.cname, data: { kind: 'name', name: 'web.lab.internal' } },
      { name: 'web', type: dnsType.a, data: { kind: 'address', address: '10.1.0.99' } },
      { name: 'note', type: dnsType.txt, data: { kind: 'txt', texts: [new TextEncoder().encode('hello')] } },
      { name: 'away', type: dnsType.cname, data: { kind: 'name', name: 'example.com' } },
    ]);
    expect(addresses('www')).toEqual(['web.lab.internal', '10.1.0.2']);
    expect(addresses('www', dnsType.cname)).toEqual(['web.lab.internal']);
    expect(addresses('web')).toEqual(['10.1.0.2']);
    expect(addresses('note', dnsType.txt)).toEqual(['txt']);
    expect(resolver.answer(query('away'))).toMatchObject({
      code: dnsCode.nameError,
      answers: [{ type: dnsType.cname }],
    });
  });

  it('gives up on names that stand for each other in a circle', () => {
    const alias = (name: string, to: string) => ({
      name,
      type: dnsType.cname,
      data: { kind: 'name' as const, name: to },
    });
    resolver.setRecords([alias('a', 'b'), alias('b', 'a.lab.internal'), alias('self', 'self')]);
    expect(resolver.answer(query('a'))).toMatchObject({ code: dnsCode.serverFailure, answers: [] });
    expect(resolver.answer(query('self')).code).toBe(dnsCode.serverFailure);
  });

  it.each([
    ['another operation', { opcode: 5 }, dnsCode.notImplemented],
    ['two questions', { questions: [...query('a').questions, ...query('b').questions] }, dnsCode.formatError],
    ['no question', { questions: [] }, dnsCode.formatError],
    ['another class', { questions: [{ name: 'web', type: 1, class: 3 }] }, dnsCode.refused],
    [
      'a later EDNS',
      { edns: { udpBytes: 512, version: 1, dnssecOk: false, options: new Uint8Array(0) } },
      dnsCode.badVersion,
    ],
  ])('refuses %s', (_, change, code) => {
    expect(resolver.answer(query('web', dnsType.a, change))).toMatchObject({ code, answers: [], response: true });
  });

  it('cuts an answer to what its asker takes, and not over TCP', () => {
    const many = Array.from({ length: 60 }, (_, index) => `10.1.0.${index + 10}`);
    resolver.setServices([{ name: 'many', addresses: many }]);
    const ask = (transport: 'udp' | 'tcp', udpBytes?: number): DnsMessage & { bytes: number } => {
      const edns = { udpBytes: udpBytes ?? 0, version: 0, dnssecOk: false, options: new Uint8Array(0) };
      const asked = serializeDns(query('many', dnsType.a, udpBytes === undefined ? {} : { edns }));
      const bytes = resolver.answerBytes(asked, transport) ?? new Uint8Array(0);
      return { ...parseDns(bytes), bytes: bytes.length };
    };
    expect(ask('udp')).toMatchObject({ truncated: true, answers: [] });
    expect(ask('udp', 100)).toMatchObject({ truncated: true });
    expect(ask('udp', 4096)).toMatchObject({ truncated: false, edns: { udpBytes: 1232 } });
    expect(ask('udp', 4096).bytes).toBeLessThanOrEqual(1232);
    expect(ask('tcp').answers).toHaveLength(60);
  });

  it('answers what it cannot read with that, and no answers at all', () => {
    expect([...(resolver.answerBytes(Uint8Array.of(1, 2, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0), 'udp') ?? [])]).toEqual([
      ...[1, 2, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    expect(resolver.answerBytes(Uint8Array.of(1, 2, 3), 'udp')).toBeUndefined();
    expect(resolver.answerBytes(serializeDns({ ...query('web'), response: true }), 'udp')).toBeUndefined();
    expect(resolver.answerBytes(Uint8Array.of(1, 2, 0x81, 0, 0, 9, 0, 0, 0, 0, 0, 0), 'udp')).toBeUndefined();
  });

  it('answers 100,000 damaged questions with messages that can be read', () => {
    const random = printedRandom('resolver');
    const samples = [query('web'), query('2.0.1.10.in-addr.arpa', 12), query('nobody.lab.internal', 255)];
    const bytes = samples.map((each) => serializeDns(each));
    let answered = 0;
    for (let input = 0; input < 100_000; input += 1) {
      const asked = (bytes[input % bytes.length] ?? new Uint8Array(0)).slice();
      for (let hits = random.below(4); hits > 0; hits -= 1) asked[random.below(asked.length)] = random.below(256);
      const answer = resolver.answerBytes(asked, random.chance(0.5) ? 'udp' : 'tcp');
      if (!answer) continue;
      answered += 1;
      expect(parseDns(answer).response).toBe(true);
    }
    expect(answered).toBeGreaterThan(10_000);
  });
});
