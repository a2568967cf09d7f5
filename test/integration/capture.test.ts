import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { type Outcome, shell } from '../support/node-lab';

const tshark = findProgram('tshark');

/** What real guests say on their links, recorded by the switch and read by Wireshark's own decoders. */
describe.skipIf(!tshark)('a capture of real guests', () => {
  let made: GatewayLab;
  let folder: string;
  /** Of the machine, of the unikernel, and of the gateway. */
  const ports = { machine: '', unikernel: '', gateway: '' };
  let machine: string;
  let address: string;

  beforeAll(async () => {
    made = await createGatewayLab();
    folder = await mkdtemp(join(tmpdir(), 'capture-'));
    const { lab } = made;
    const { remote } = lab.wire;
    const draft = { kind: 'vm', name: 'box', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
    ({ id: machine } = await lab.create(draft));
    ports.machine = `${machine}/0`;
    // Before there is such a port: its first frame is in it.
    await remote.startCapture({ port: ports.machine });
    await lab.start(machine).finished;
    const { id } = await lab.create({
      kind: 'unikernel',
      name: 'hello',
      image: 'strata/unikernel-httpd:1',
      addressing: 'static',
      args: [],
      config: {},
      memoryMiB: 16,
    });
    ports.unikernel = `${id}/0`;
    await remote.startCapture({ port: ports.unikernel });
    await lab.start(id).finished;
    await made.until(({ kind }) => kind === 'running');
    ports.gateway = (await remote.status()).find(({ label }) => label === 'gateway')?.id ?? '';
    await remote.startCapture({ port: ports.gateway });
    address = lab.list().find((each) => each.id === id)?.nics[0]?.address ?? '';
    const outcome = await run(
      'nslookup hello.default.internal; ping -c 3 -W 20 10.0.0.1 && wget -q -O - http://hello/',
    );
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    for (const port of Object.values(ports)) await remote.stopCapture(port);
  });
  afterAll(async () => {
    await made.dispose();
    await rm(folder, { recursive: true });
  });

  const run = (command: string): Promise<Outcome> => shell(made.lab.instance(machine), command);

  /** Lines of fields, of the frames of a capture that the display filter lets through. */
  async function ask(port: string, filter: string, fields: readonly string[], words = ''): Promise<string[]> {
    const file = join(folder, 'capture.pcapng');
    await writeFile(file, await made.lab.wire.remote.captureFile(port, 'a link', 'of a test', words));
    const args = ['-r', file, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const { stdout, stderr } = await promisify(execFile)(tshark ?? '', args, { maxBuffer: 64 * 1024 * 1024 });
    expect(stderr.split('\n').filter((line) => line !== '' && !line.includes('Running as user'))).toEqual([]);
    return stdout.split('\n').filter(Boolean);
  }

  it('has at every kind of port nothing that Wireshark cannot read', async () => {
    for (const port of Object.values(ports)) {
      const reading = await made.lab.wire.remote.readCapture(port, '', 500);
      expect(reading?.frames).toBeGreaterThan(0);
      expect(await ask(port, 'frame', ['frame.number'])).toHaveLength(reading?.frames ?? 0);
      expect(await ask(port, '_ws.malformed', ['frame.number'])).toEqual([]);
    }
  });

  it('says of each frame the protocol that Wireshark says', async () => {
    const { rows = [] } = (await made.lab.wire.remote.readCapture(ports.machine, '', 500)) ?? {};
    const theirs = await ask(ports.machine, 'frame', ['frame.protocols']);
    for (const { number, protocol } of rows) {
      const their = theirs[number - 1]?.split(':') ?? [];
      // A message in several segments is HTTP from its first line on for us, and at its end for who puts it together.
      const same = their.includes(protocol.toLowerCase()) || (protocol === 'HTTP' && their.includes('tcp'));
      expect(same, `frame ${number}: ${protocol}, ${their.join(':')}`).toBe(true);
    }
    for (const protocol of ['ARP', 'DNS', 'ICMP', 'TCP', 'HTTP']) {
      expect(
        rows.some((row) => row.protocol === protocol),
        protocol,
      ).toBe(true);
    }
  });

  it('tells which way a frame went, and names its link', async () => {
    const fields = ['frame.interface_name', 'frame.packet_flags_direction', 'icmp.type'];
    const pings = await ask(ports.machine, 'icmp.type == 8 || icmp.type == 0', fields);
    const [asked, answered] = ['a link\t0x00000001\t8', 'a link\t0x00000002\t0'];
    expect(pings).toEqual([asked, answered, asked, answered, asked, answered]);
  });

  it('of one connection is the same at both of its ends', async () => {
    const fields = ['ip.src', 'ip.dst', 'http.request.uri', 'http.response.code'];
    const atMachine = await ask(ports.machine, `http && ip.addr == ${address}`, fields);
    expect(atMachine.length).toBeGreaterThan(1);
    expect(await ask(ports.unikernel, 'http', fields)).toEqual(atMachine);
  });

  it('is saved as far as the filter lets through', async () => {
    const all = await ask(ports.gateway, 'dns', ['dns.id']);
    expect(all.length).toBeGreaterThan(0);
    expect(await ask(ports.gateway, 'frame', ['dns.id'], 'dns')).toEqual(all);
  });
});
