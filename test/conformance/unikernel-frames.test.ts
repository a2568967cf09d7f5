import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { systemClock } from '../../src/base/clock';
import { Gateway } from '../../src/network/gateway/gateway';
import { TestLeaseStore } from '../../src/network/gateway/gateway-fixture';
import { createModuleHost } from '../../src/runtime/unikernel/hosted-module';
import { ConsoleReader } from '../support/node-lab';
import { askTshark } from '../support/tshark';
import {
  createUnikernelLab,
  httpRequest,
  readHttpAnswer,
  type UnikernelLab,
  unikernelModule,
} from '../support/unikernel-lab';
import { tapStation } from '../support/wire-tap';

const tshark = findProgram('tshark');
const wrong = [
  '_ws.malformed',
  '_ws.expert.severity == error',
  ...['ip', 'tcp', 'udp', 'icmp'].map((protocol) => `${protocol}.checksum.status == 0`),
].join(' || ');

/** Unikernels with addresses by DHCP, names by DNS and pages by HTTP, and all that they and the gateway sent for it. */
describe.runIf(tshark)('tshark reads what unikernels send', () => {
  let lab: UnikernelLab;
  let gateway: Gateway;
  let folder: string;
  const frames: Uint8Array[] = [];
  const hosts: { instance: string; name: string; mac: string; address: string }[] = [];
  const said: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-tshark-'));
    lab = await createUnikernelLab();
    const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);
    const place = lab.tender.wire.station('gateway', { host: 1 });
    const [nic] = (await place.resources.attachNics?.()) ?? [];
    if (!nic) throw new Error('The wire gave no NIC');
    gateway = await Gateway.start({
      host: createModuleHost({ clock: systemClock, random }),
      module: new WebAssembly.Module(unikernelModule('gateway')),
      spec: { name: 'lab', subnet: '10.1.0.0/24', mtu: 1500 },
      mac: place.mac,
      port: nic.port,
      leases: new TestLeaseStore(),
      clock: systemClock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      tell: () => {},
      forward: () => Promise.reject(new Error('Nothing leaves')),
      serveEngine: (connection) => connection.abort(),
      connectStation: () => Promise.reject(new Error('No port leads to a station')),
      report: (error) => said.push(String(error)),
    });

    const { id } = await lab.tender.wire.disks.create({ sizeMiB: 1 });
    const web = await serve('httpd', { '/www/large': 'x'.repeat(100_000), '/www/page': '0123456789' });
    const kv = await serve('kv', {}, [id]);
    const hello = await serve('hello');
    const lb = await serve('lb', {}, [], [`${web}:80`]);
    for (const address of [web, lb]) {
      const answer = await lab.ask(address, httpRequest('GET', '/large'));
      expect(readHttpAnswer(answer).body).toHaveLength(100_000);
    }
    expect(readHttpAnswer(await lab.ask(kv, httpRequest('PUT', '/key', 'value'))).status).toBe(201);
    expect(await lab.ask(hello, '', 7)).toContain('Hello');
    const place2 = tapStation(station('fetch'), (frame) => frames.push(frame));
    const fetch = await lab.start(
      'fetch',
      {
        args: ['httpd.lab.internal', '80', '/page'],
        config: { '/etc/headers': 'Range: bytes=3-5\n' },
        addressing: 'dhcp',
      },
      place2,
    );
    const reader = new ConsoleReader(fetch);
    await reader.until('206 Partial Content');
    reader.dispose();
  });
  afterAll(async () => {
    gateway?.dispose();
    await lab?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  function station(name: string, disks: Parameters<UnikernelLab['tender']['wire']['station']>[1] = {}) {
    const made = lab.tender.wire.station(name, disks);
    hosts.push({ instance: name, name, mac: made.mac, address: made.address });
    gateway.setDirectory({ hosts });
    return made;
  }

  /** Starts one of ours; its address, once it has it. */
  async function serve(
    name: string,
    config: Readonly<Record<string, string>> = {},
    disks: readonly Parameters<UnikernelLab['tender']['wire']['freeze']>[0][number][] = [],
    args: readonly string[] = [],
  ): Promise<string> {
    const made = station(name, { disks });
    const instance = await lab.start(
      name,
      { config, args, addressing: 'dhcp', disks: disks.map(() => ({ sizeMiB: 1 })) },
      tapStation(made, (frame) => frames.push(frame)),
    );
    const reader = new ConsoleReader(instance);
    await reader.until(`Address ${made.address},`);
    reader.dispose();
    return made.address;
  }

  const ask = (filter: string, fields: readonly string[]): Promise<string[]> =>
    askTshark({ tshark: tshark ?? '', file: join(folder, 'frames.pcap'), frames, filter, fields });

  it('with nothing malformed and every checksum right', async () => {
    expect(said).toEqual([]);
    expect(frames.length).toBeGreaterThan(200);
    expect(await ask(wrong, ['frame.number', '_ws.expert.message'])).toEqual([]);
  });

  it('and finds in it each protocol that they speak', async () => {
    const types = new Set(await ask('dhcp', ['dhcp.option.dhcp']));
    // Discover, offer, request, acknowledgement.
    expect([...types].sort()).toEqual(['1', '2', '3', '5']);
    expect(await ask('dhcp.option.dhcp == 3', ['dhcp.option.hostname'])).toContain('httpd');
    expect(await ask('dns.flags.response == 1', ['dns.qry.name', 'dns.a'])).toContain(
      `httpd.lab.internal\t${hosts.find(({ name }) => name === 'httpd')?.address}`,
    );
    expect((await ask('arp.opcode == 2', ['arp.src.proto_ipv4'])).length).toBeGreaterThan(4);
    const statuses = await ask('http.response', ['http.response.code']);
    expect(new Set(statuses)).toEqual(new Set(['200', '201', '206']));
    expect(await ask('http.request.method == PUT', ['http.request.uri'])).toContain('/key');
    expect(await ask('tcp.flags.syn == 1 && tcp.flags.ack == 1', ['tcp.options.mss_val'])).toContain('1460');
  });

  it('and finds what is wrong in one that was damaged', async () => {
    const bad = frames.find((frame) => frame.length > 200)?.slice() ?? new Uint8Array(0);
    bad.fill(0xff, 40, 44);
    const filter = { tshark: tshark ?? '', file: join(folder, 'bad.pcap'), filter: wrong, fields: ['frame.number'] };
    expect(await askTshark({ ...filter, frames: [bad] })).toEqual(['1']);
  });
});
