import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAddress, anyBytes, anyU8, anyU16, anyU32, expectRoundTrip, expectTotal } from './codec-fixture';
import { type DnsData, type DnsMessage, type DnsRecord, dnsType, parseDns, serializeDns } from './dns';

const query: DnsMessage = {
  id: 0x1234,
  response: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  code: 0,
  questions: [{ name: 'web.default.internal', type: dnsType.a, class: 1 }],
  answers: [],
  authorities: [],
  additionals: [],
};

const record = (name: string, type: number, data: DnsData): DnsRecord => ({ name, type, class: 1, ttl: 5, data });

const answer: DnsMessage = {
  ...query,
  response: true,
  answers: [
    record('web.default.internal', dnsType.a, { kind: 'address', address: '10.0.0.2' }),
    record('web.default.internal', dnsType.cname, { kind: 'name', name: 'other.default.internal' }),
  ],
  authorities: [
    record('default.internal', dnsType.soa, {
      kind: 'soa',
      primary: 'gateway.default.internal',
      mailbox: 'hostmaster.default.internal',
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minimum: 5,
    }),
  ],
  edns: { udpBytes: 1232, version: 0, dnssecOk: false, options: new Uint8Array(0) },
};

/** A query whose question's name is given in bytes, at offset 12. */
const queryBytes = (...name: number[]): Uint8Array =>
  Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 1, 0, 1);

const anyLabel = anyBytes({ minLength: 1, maxLength: 12 });
const anyName = fc.array(anyLabel, { maxLength: 8 }).map((labels) => {
  const wire = labels.flatMap((label) => [label.length, ...label]);
  return parseDns(queryBytes(...wire, 0)).questions[0]?.name ?? '';
});

const anyData: fc.Arbitrary<readonly [number, DnsData]> = fc.oneof(
  anyAddress.map((address) => [dnsType.a, { kind: 'address', address }] as const),
  fc.constantFrom('::1', 'fd00::2').map((address) => [dnsType.aaaa, { kind: 'address', address }] as const),
  fc
    .tuple(fc.constantFrom(dnsType.ns, dnsType.cname, dnsType.ptr), anyName)
    .map(([type, name]) => [type, { kind: 'name', name }] as const),
  fc.record({ preference: anyU16, exchange: anyName }).map((data) => [dnsType.mx, { kind: 'mx', ...data }] as const),
  fc
    .array(anyBytes({ maxLength: 255 }), { maxLength: 3 })
    .map((texts) => [dnsType.txt, { kind: 'txt', texts }] as const),
  fc
    .record({ priority: anyU16, weight: anyU16, port: anyU16, target: anyName })
    .map((data) => [dnsType.srv, { kind: 'srv', ...data }] as const),
  fc
    .record({
      primary: anyName,
      mailbox: anyName,
      serial: anyU32,
      refresh: anyU32,
      retry: anyU32,
      expire: anyU32,
      minimum: anyU32,
    })
    .map((data) => [dnsType.soa, { kind: 'soa', ...data }] as const),
  anyBytes({ maxLength: 40 }).map((bytes) => [65_280, { kind: 'other', bytes }] as const),
);

const anyRecords = fc.array(
  fc
    .tuple(anyName, anyData, anyU16, anyU32)
    .map(([name, [type, data], recordClass, ttl]) => ({ name, type, class: recordClass, ttl, data })),
  { maxLength: 4 },
);

const anyMessage: fc.Arbitrary<DnsMessage> = fc
  .record({
    id: anyU16,
    response: fc.boolean(),
    opcode: fc.nat(15),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
    code: fc.nat(4095),
    questions: fc.array(fc.record({ name: anyName, type: anyU16, class: anyU16 }), { maxLength: 3 }),
    answers: anyRecords,
    authorities: anyRecords,
    additionals: anyRecords,
    edns: fc.record({
      udpBytes: anyU16,
      version: anyU8,
      dnssecOk: fc.boolean(),
      options: anyBytes({ maxLength: 40 }),
    }),
  })
  .chain((message) => {
    const { edns: _, ...plain } = message;
    return fc.constantFrom<DnsMessage>(message, { ...plain, code: message.code & 15 });
  });

describe('DNS messages', () => {
  it('are read as they were written', () => {
    expectRoundTrip(anyMessage, serializeDns, parseDns);
  });

  it('have a name in full once, and then by a pointer', () => {
    const bytes = serializeDns(answer);
    // The question's name is at 12, "default.internal" in it at 16.
    expect([...bytes.subarray(38, 40)]).toEqual([0xc0, 12]);
    expect(bytes.length).toBe(140);
  });

  it('are cut to the question, and say so, when they do not fit', () => {
    const cut = parseDns(serializeDns(answer, 60));
    expect(cut).toMatchObject({ truncated: true, answers: [], authorities: [], questions: query.questions });
    expect(cut.edns).toEqual(answer.edns);
    expect(() => serializeDns(answer, 40)).toThrow('does not fit');
  });

  it.each([
    ['points to itself', [0xc0, 12]],
    ['points forward', [0xc0, 14, 0]],
    ['points into its own beginning', [1, 97, 0xc0, 12]],
    ['is longer than 255 bytes', [...new Array<number[]>(5).fill([63, ...new Array<number>(63).fill(97)]).flat(), 0]],
    ['has a label of another kind', [0x41, 0]],
    ['does not end', [63]],
  ])('are refused when a name %s', (_, name) => {
    expect(() => parseDns(queryBytes(...name))).toThrow('Not a DNS message');
  });

  it('are refused when a name is a chain of pointers', () => {
    const chain = Array.from({ length: 100 }, (_, index) => [0xc0, 10 + 2 * index]).flat();
    // In a record of an unknown type there is room for it; the last name points to the end of the chain.
    const head = [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, chain.length];
    const start = head.length;
    const pointers = chain.map((_, index) => (index % 2 === 0 ? 0xc0 : start + index - 3));
    pointers.splice(0, 2, 0, 0);
    const last = start + chain.length - 2;
    const bytes = Uint8Array.of(...head, ...pointers, 0xc0, last, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0);
    expect(() => parseDns(bytes)).toThrow('leads round in a circle');
  });

  it('write names with bytes that are no letters so that they are read as the same', () => {
    const { questions } = parseDns(queryBytes(3, 0x2e, 0x5c, 7, 2, 0x20, 0xe4, 0));
    expect(questions[0]?.name).toBe('\\.\\\\\\007.\\032\\228');
    expect(parseDns(serializeDns({ ...query, questions })).questions).toEqual(questions);
  });

  it.each(['a..b', '.a', 'a\\', 'a\\999', 'ä', `${'a'.repeat(64)}.b`, 'ab.'.repeat(85)])(
    'are not written with the name %j',
    (name) => {
      expect(() => serializeDns({ ...query, questions: [{ name, type: 1, class: 1 }] })).toThrow('Not a domain name');
    },
  );

  it('are refused with a typed error when they are damaged', () => {
    expect(() => parseDns(Uint8Array.of(0, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0))).toThrow('65535 records');
    expectTotal('DNS', parseDns, [serializeDns(query), serializeDns(answer)]);
  });
});
