import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsType, dnsQuery, readDnsMessage } from '../test/dns-message';
import { buildNative, clang, runNative } from '../test/native-program';

const files = ['test/dns_test.c', 'dns/answer.c', 'dns/zone.c', 'dns/name.c', 'libos/format.c'];

const zone = `$ORIGIN lab.test.
$TTL 5m
@ IN SOA ns admin ( 7 1h 15m 1w ; times
     60 )
  NS ns
  MX 10 mail
ns A 10.0.0.53
mail 30 IN A 10.0.0.25
www A 10.0.0.80
    A 10.0.0.81
web CNAME www
chain CNAME web
out CNAME www.example.org.
loop CNAME loop2
loop2 CNAME loop
deep.er.name A 10.0.0.9
*.apps A 10.0.0.90
txt TXT "one; two" three
sub NS ns.sub
ns.sub A 10.0.1.53
80.0.0.10.rev PTR www
${Array.from({ length: 60 }, (_, index) => `many TXT "${'x'.repeat(30)}${index}"`).join('\n')}
`;
const soa = 'lab.test. 60 SOA ns.lab.test. admin.lab.test. 60';

describe.runIf(clang)('the name server', () => {
  let program: string;
  const directory = mkdtempSync(join(tmpdir(), 'strata-zone-'));
  const path = join(directory, 'zone');
  beforeAll(() => {
    program = buildNative('dns-test', files);
    writeFileSync(path, zone);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const ask = (name: string, type: DnsType, size?: number, transport = 'udp') => {
    const [line = ''] = runNative(program, [path, transport], [dnsQuery(name, type, size)]);
    return readDnsMessage(line);
  };

  it.each<[string, DnsType, readonly string[]]>([
    ['www.lab.test', 'A', ['www.lab.test. 300 A 10.0.0.80', 'www.lab.test. 300 A 10.0.0.81']],
    ['WWW.Lab.Test', 'A', ['WWW.Lab.Test. 300 A 10.0.0.80', 'WWW.Lab.Test. 300 A 10.0.0.81']],
    ['mail.lab.test', 'A', ['mail.lab.test. 30 A 10.0.0.25']],
    ['lab.test', 'MX', ['lab.test. 300 MX 10 mail.lab.test.']],
    ['txt.lab.test', 'TXT', ['txt.lab.test. 300 TXT "\\bone; two\\u0005three"']],
    ['80.0.0.10.rev.lab.test', 'PTR', ['80.0.0.10.rev.lab.test. 300 PTR www.lab.test.']],
    ['any.apps.lab.test', 'A', ['any.apps.lab.test. 300 A 10.0.0.90']],
    ['a.b.apps.lab.test', 'A', ['a.b.apps.lab.test. 300 A 10.0.0.90']],
    ['web.lab.test', 'CNAME', ['web.lab.test. 300 CNAME www.lab.test.']],
    ['out.lab.test', 'A', ['out.lab.test. 300 CNAME www.example.org.']],
  ])('answers %s %s', (name, type, answer) => {
    const message = ask(name, type);
    expect(message).toMatchObject({ rcode: 0, authoritative: true, truncated: false, authority: [] });
    expect(message.answer.map((line) => line.replace('\\u0008', '\\b'))).toEqual(answer);
  });

  it('follows aliases inside the zone', () => {
    expect(ask('chain.lab.test', 'A').answer.map((line) => line.split(' ').slice(2).join(' '))).toEqual([
      'CNAME web.lab.test.',
      'CNAME www.lab.test.',
      'A 10.0.0.80',
      'A 10.0.0.81',
    ]);
    expect(ask('loop.lab.test', 'A').rcode).toBe(2);
  });

  it.each<[string, DnsType, number]>([
    ['no.lab.test', 'A', 3],
    ['www.lab.test', 'TXT', 0],
    ['er.name.lab.test', 'A', 0],
    ['apps.lab.test', 'A', 0],
    ['x.deep.er.name.lab.test', 'A', 3],
  ])('denies %s %s, with the SOA record', (name, type, rcode) => {
    expect(ask(name, type)).toMatchObject({ rcode, authoritative: true, answer: [], authority: [soa] });
  });

  it.each<[string, DnsType]>([
    ['example.org', 'A'],
    ['test', 'SOA'],
    ['notlab.test', 'A'],
    ['lab.test', 'AXFR'],
  ])('refuses %s %s', (name, type) => {
    expect(ask(name, type)).toMatchObject({ rcode: 5, answer: [], authority: [] });
  });

  it('refers to the servers of what is not its own, with their addresses', () => {
    expect(ask('www.sub.lab.test', 'A')).toMatchObject({
      rcode: 0,
      authoritative: false,
      answer: [],
      authority: ['sub.lab.test. 300 NS ns.sub.lab.test.'],
      additional: ['ns.sub.lab.test. 300 A 10.0.1.53'],
    });
  });

  it('adds the addresses of name servers', () => {
    expect(ask('lab.test', 'NS').additional).toEqual(['ns.lab.test. 300 A 10.0.0.53']);
  });

  it.each([
    [undefined, 512],
    [100, 512],
    [1000, 1000],
    [4096, 1232],
  ])('keeps to the size that is offered by datagram (%s), and says what is missing', (size, limit) => {
    const message = ask('many.lab.test', 'TXT', size);
    expect(message.truncated).toBe(true);
    expect(message.length).toBeLessThanOrEqual(limit);
    expect(message.length).toBeGreaterThan(limit - 60);
    expect(message.additional.filter((line) => line.includes(' OPT '))).toHaveLength(size === undefined ? 0 : 1);
    const whole = ask('many.lab.test', 'TXT', size, 'tcp');
    expect(whole.truncated).toBe(false);
    expect(whole.answer).toHaveLength(60);
  });

  it('answers no answers, and refuses what it does not know', () => {
    const [answered, status, empty, compressed] = runNative(
      program,
      [path, 'udp'],
      [
        dnsQuery('www.lab.test', 'A').replace('12340100', '12348100'),
        dnsQuery('www.lab.test', 'A').replace('12340100', '12341000'),
        '123401000000000000000000',
        '123401000001000000000000c00c00010001',
      ],
    );
    expect(answered).toBe('-');
    expect(readDnsMessage(status ?? '').rcode).toBe(4);
    expect(readDnsMessage(empty ?? '').rcode).toBe(1);
    expect(readDnsMessage(compressed ?? '').rcode).toBe(1);
  });

  it('answers any of 100,000 arbitrary and damaged queries with a whole message or not at all', () => {
    const names = ['www.lab.test', 'chain.lab.test', 'lab.test', 'x.apps.lab.test', 'many.lab.test'];
    const damaged = fc
      .tuple(
        fc.constantFrom(...names),
        fc.constantFrom<DnsType>('A', 'NS', 'ANY', 'TXT'),
        fc.integer(),
        fc.nat(),
        fc.nat(255),
      )
      .map(([name, type, size, position, value]) => {
        const query = Buffer.from(dnsQuery(name, type, size & 1 ? size & 0xffff : undefined), 'hex');
        query[position % query.length] = value;
        return query.toString('hex');
      });
    const arbitrary = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('hex'));
    const queries = fc.sample(fc.oneof(damaged, arbitrary), 100_000);
    const answers = runNative(program, [path, 'udp'], queries);
    expect(answers).toHaveLength(queries.length);
    for (const answer of answers) if (answer !== '-') readDnsMessage(answer);
  });

  it.each([
    ['www A 1.2.3.4', 'line 1: it has no time to live, and there is no $TTL'],
    ['$TTL 60\n@ A 1.2.3.4', 'line 0: there is no SOA record'],
    ['$TTL 60\n@ SOA a b 1 2 3 4', 'line 2: it has a wrong number of fields'],
    ['$TTL 60\n@ SOA a b ( 1 2 3 4 5', 'line 2: a parenthesis is not closed'],
    ['$TTL 60\n@ SOA a b 1 2 3 4 5\nx A 1.2.3', 'line 3: an address is malformed'],
    ['$TTL 60\n@ SOA a b 1 2 3 4 5\nx AAAA ::1', 'line 3: its type is not one of SOA, NS, A, CNAME, PTR, TXT, MX'],
    ['$TTL 60\n@ SOA a b 1 2 3 4 5\nx TXT "open', 'line 3: a quote is not closed'],
    ['$TTL 60\n@ SOA a b 1 2 3 4 5\nx CNAME y\nx A 1.2.3.4', 'line 0: a CNAME has something beside it'],
    ['$TTL 60\na SOA a b 1 2 3 4 5\nb A 1.2.3.4', 'line 0: a name is not below that of the SOA record'],
    [`$TTL 60\n${'x'.repeat(64)} A 1.2.3.4`, 'line 2: a name is malformed'],
    ['$INCLUDE other', 'line 1: there are only $ORIGIN and $TTL'],
    ['', 'line 0: there is no SOA record'],
  ])('says what is wrong with the zone %j', (text, problem) => {
    const file = join(directory, 'bad');
    writeFileSync(file, text);
    const { status, stdout } = spawnSync(program, [file, 'udp'], { input: '', encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stdout.trim()).toBe(problem);
  });
});
