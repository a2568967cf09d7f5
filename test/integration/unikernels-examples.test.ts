import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rootDirectory } from '../../images/lib/paths';
import { run } from '../../images/lib/run';
import { dnsQuery, readDnsMessage } from '../../images/unikernels/test/dns-message';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { arpOperation, serializeArp } from '../../src/formats/wire/arp';
import { etherType, parseEthernet, serializeEthernet } from '../../src/formats/wire/ethernet';
import { icmpType, parseIcmp, serializeIcmp } from '../../src/formats/wire/icmp';
import { parseIpv4, serializeIpv4 } from '../../src/formats/wire/ipv4';
import type { Datagram } from '../../src/network/gateway/sockets';
import { SlabPort } from '../../src/rpc/slab-port';
import type { UnikernelInstance } from '../../src/runtime/unikernel/unikernel-instance';
import { ConsoleReader } from '../support/node-lab';
import type { Station } from '../support/node-wire';
import { createUnikernelLab, receiveAll, send, type UnikernelLab } from '../support/unikernel-lab';
import { framesOf } from '../support/wire-tap';

let lab: UnikernelLab;
beforeEach(async () => {
  lab = await createUnikernelLab();
});
afterEach(() => lab.dispose());

/** Sends a datagram, and again each second until an answer comes. */
async function exchange(address: string, port: number, bytes: Uint8Array): Promise<Datagram> {
  const socket = lab.stack.bindUdp(4000);
  const asking = setInterval(() => socket.send(bytes, { address, port }, '10.1.0.2'), 1000);
  try {
    return await new Promise<Datagram>((resolve) => {
      socket.received(resolve);
      socket.send(bytes, { address, port }, '10.1.0.2');
    });
  } finally {
    clearInterval(asking);
    socket.dispose();
  }
}

describe('hello', () => {
  it('greets by TCP and by UDP', async () => {
    const station = lab.tender.wire.station('hello');
    await lab.start('hello', { args: ['wire'] }, station);
    const greeting = 'Hello, wire! This is hello.\n';
    expect(await lab.ask(station.address, '', 7)).toBe(greeting);
    const { bytes } = await exchange(station.address, 7, Uint8Array.of(1));
    expect(new TextDecoder().decode(bytes)).toBe(greeting);
  });
});

describe('dns', () => {
  it('answers for the zone it is given, by UDP and TCP', async () => {
    const station = lab.tender.wire.station('dns');
    const zone = '$ORIGIN lab.test.\n$TTL 60\n@ SOA ns admin 1 2 3 4 5\nwww A 10.9.8.7\n';
    await lab.start('dns', { config: { '/etc/zone': zone } }, station);
    const query = Buffer.from(dnsQuery('www.lab.test', 'A'), 'hex');
    const { bytes } = await exchange(station.address, 53, query);
    expect(readDnsMessage(Buffer.from(bytes).toString('hex')).answer).toEqual(['www.lab.test. 60 A 10.9.8.7']);

    const connection = await lab.stack.connect({ address: station.address, port: 53 });
    const writer = connection.writable.getWriter();
    await writer.write(Uint8Array.of(0, query.length, ...query, 0, query.length, ...query));
    await writer.close();
    const answers = Buffer.from(await receiveAll(connection));
    expect(answers.length).toBe(2 * (2 + bytes.length));
    expect(answers.subarray(2, 2 + bytes.length)).toEqual(Buffer.from(bytes));
  });
});

describe('a program with a main', () => {
  it('serves several clients at once, by poll', async () => {
    const station = lab.tender.wire.station('echo');
    await lab.start('echo', { args: ['7000'] }, station);
    const clients = await Promise.all([1, 2, 3].map(() => lab.stack.connect({ address: station.address, port: 7000 })));
    const readers = clients.map((client) => client.readable.getReader());
    for (let round = 0; round < 3; round += 1) {
      for (const [index, client] of clients.entries()) {
        await send(client, `${round}`);
        const { value } = (await readers[index]?.read()) ?? {};
        expect(new TextDecoder().decode(value)).toBe(`${round * 3 + index + 1}: ${round}`);
      }
    }
    for (const client of clients) client.abort();
  });

  it('resolves names, reads files and fetches pages', async () => {
    const [dns, web, fetch] = ['dns', 'web', 'fetch'].map((name) => lab.tender.wire.station(name));
    const zone = `$ORIGIN lab.test.\n$TTL 60\n@ SOA ns admin 1 2 3 4 5\nwww A ${web!.address}\n`;
    await lab.start('dns', { config: { '/etc/zone': zone } }, dns);
    await lab.start('httpd', { config: { '/www/page': '0123456789' } }, web);
    const client = await lab.start(
      'fetch',
      {
        args: [`--dns=${dns!.address}`, 'www.lab.test', '80', '/page'],
        config: { '/etc/headers': 'Range: bytes=3-5\n' },
      },
      fetch,
    );
    expect(await said(client)).toMatch(/HTTP\/1\.1 206 Partial Content\r?\n(.*\r?\n)*\r?\n345$/);
  });
});

const compilers = findProgram('clang') && findProgram('wasm-ld') && findProgram('make');
describe.runIf(compilers)('the smallest unikernels of docs/UNIKERNELS.md', () => {
  const output = mkdtempSync(join(tmpdir(), 'strata-examples-'));
  afterAll(() => rmSync(output, { recursive: true }));

  function compile(name: string): Uint8Array {
    run('make', ['-s', '-C', join(rootDirectory, 'images/unikernels'), `OUT=${output}`, `${output}/${name}.wasm`]);
    return Uint8Array.from(readFileSync(join(output, `${name}.wasm`)));
  }

  it('says the time three times and ends', async () => {
    const instance = await lab.start(compile('tick'), { nics: [] });
    expect(await said(instance)).toBe('Hello\ntick 1\ntick 2\ntick 3\n');
  });

  it.runIf(existsSync('/usr/bin/rustc'))('answers ping, in Rust', async () => {
    const station = lab.tender.wire.station('ping');
    await lab.start(compile('ping'), {}, station);
    expect(await ping(station.address)).toBe('are you there?');
  });
});

const arpRequest = ({ mac, address }: Station, targetAddress: string): Uint8Array<ArrayBuffer> =>
  serializeArp({
    operation: arpOperation.request,
    senderMac: mac,
    senderAddress: address,
    targetMac: '00:00:00:00:00:00',
    targetAddress,
  });

function echoRequest(source: string, destination: string): Uint8Array<ArrayBuffer> {
  const payload = Uint8Array.from(Buffer.from('are you there?'));
  return serializeIpv4({
    trafficClass: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    timeToLive: 64,
    protocol: 1,
    source,
    destination,
    options: [],
    payload: serializeIcmp({ type: icmpType.echoRequest, code: 0, rest: 0x10001, payload }),
  });
}

/** Sends an echo request from a station of its own, after asking for the address; resolves with the answer's payload. */
async function ping(address: string): Promise<string> {
  const station = lab.tender.wire.station('pinger');
  const [nic] = (await station.resources.attachNics?.()) ?? [];
  if (!nic) throw new Error('The wire gave no NIC');
  const port = new SlabPort(nic.port);
  const send = (destination: string, type: number, payload: Uint8Array<ArrayBuffer>): void => {
    port.send(serializeEthernet({ destination, source: station.mac, tags: [], etherType: type, payload }));
    port.flush();
  };
  const received = new Promise<string>((resolve) => {
    port.received((slab) => {
      for (const frame of framesOf(slab)) {
        const { source, etherType: type, payload } = parseEthernet(frame);
        if (type === etherType.arp) send(source, etherType.ip4, echoRequest(station.address, address));
        else if (type === etherType.ip4)
          resolve(new TextDecoder().decode(parseIcmp(parseIpv4(payload).payload).payload));
      }
      slab.release();
    });
  });
  port.setLink({ up: true, offload: false });
  send('ff:ff:ff:ff:ff:ff', etherType.arp, arpRequest(station, address));
  try {
    return await received;
  } finally {
    port.dispose();
  }
}

/** All that an instance has said when it has ended. */
async function said(instance: UnikernelInstance): Promise<string> {
  const reader = new ConsoleReader(instance);
  const isOver = (): boolean => instance.state.phase === 'stopped' || instance.state.phase === 'failed';
  while (!isOver()) await new Promise<void>((resolve) => instance.states(() => resolve()));
  return reader.text;
}
