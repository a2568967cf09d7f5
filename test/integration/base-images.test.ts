import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readReferences } from '../../images/lib/oci-layout';
import { rootDirectory } from '../../images/lib/paths';
import type { ContainerCreateBody } from '../../src/api/container';
import { hasHostPrograms, layoutOf } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { shell } from '../support/node-lab';

const images = ['python', 'redis', 'nettools', 'frr'];
const published = readReferences(`${rootDirectory}/public/registry`);
const arePublished = images.every((image) => published.has(`library/${image}:latest`));

/** Two routers that find each other take a minute of a core: `npm run soak -- --only bases`. */
const areAllAsked = process.env['BASES'] === 'all';

/** A guard against hanging: each starts programs of some megabytes in emulated machines. */
const timeout = 900_000;
const poll = { timeout, interval: 500 };

/** Answers whatever it is asked with one address (RFC 1035, 4.1). */
const nameServer = `
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 53))
while True:
    asked, sender = server.recvfrom(512)
    question = asked[12:asked.index(0, 12) + 5]
    header = asked[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
    server.sendto(header + question + bytes([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]), sender)
`;

import { textOf } from '../support/output-text';

/** What the published images are for, done by their own programs, in containers and in a machine of the lab. */
describe.skipIf(!arePublished || !hasHostPrograms || !hasFileSystemTools)('published images', { timeout }, () => {
  let made: EngineLab;

  beforeAll(async () => {
    made = await createEngineLab();
    for (const image of images) {
      const [loaded] = await made.images.loadFolder(layoutOf(image));
      await made.images.tag(loaded?.id ?? '', image);
    }
  }, timeout);
  afterAll(() => made?.dispose());

  /** `docker run -d`; tells its address. */
  async function start(name: string, body: ContainerCreateBody): Promise<string> {
    const { containers } = made.engine;
    const { Id } = await containers.create(body, { name });
    await containers.start(Id);
    return (await containers.inspect(Id)).NetworkSettings.Networks['bridge']?.IPAddress ?? '';
  }

  /** `docker exec`; both streams. */
  async function exec(name: string, script: string): Promise<string> {
    const { execs } = made.engine;
    const { Id } = await execs.create(name, { Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true });
    const { output } = await execs.start(Id, { detach: false });
    return textOf(output);
  }

  const remove = (name: string): Promise<unknown> =>
    made.engine.containers.remove(name, { force: true, volumes: true });

  it('redis keeps what it is told, as a user of its own, and speaks with its network', async () => {
    const address = await start('store', { Image: 'redis' });
    await expect.poll(() => exec('store', 'redis-cli ping'), poll).toBe('PONG\n');
    expect(await exec('store', 'redis-cli set color blue; redis-cli get color; id -un; redis-cli save')).toBe(
      'OK\nblue\nredis\nOK\n',
    );
    expect(await exec('store', 'ls /data')).toBe('dump.rdb\n');
    await start('client', { Image: 'redis', Cmd: ['sleep', 'infinity'] });
    expect(await exec('client', `redis-cli -h ${address} get color`)).toBe('blue\n');
    await remove('client');
    await remove('store');
  });

  it('python runs a program with its library, and serves files to curl', async () => {
    // One process for both: what takes long in an emulated machine is that python starts.
    const program = [
      'import hashlib, http.server, json, sqlite3, ssl, zlib',
      'with sqlite3.connect(":memory:") as db: answer = db.execute("select 6 * 7").fetchone()[0]',
      'page = json.dumps({"answer": answer, "sum": hashlib.sha256(zlib.compress(b"x")).hexdigest()[:8], "tls": ssl.HAS_TLSv1_3})',
      'open("/srv/page.json", "w").write(page)',
      'http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()',
    ].join('\n');
    const address = await start('site', { Image: 'python', WorkingDir: '/srv', Cmd: ['python3', '-c', program] });
    await start('client', { Image: 'nettools', Cmd: ['sleep', 'infinity'] });
    const retry = '--retry 300 --retry-delay 1 --retry-connrefused';
    const fetched = await exec('client', `curl -s ${retry} http://${address}:8000/page.json`);
    expect(JSON.parse(fetched)).toMatchObject({ answer: 42, tls: true });
    const { output } = await made.engine.containers.logs('site', { stdout: true, stderr: true });
    expect(await textOf(output)).toContain('GET /page.json');
    await remove('client');
    await remove('site');
  });

  it('nettools look at a machine of the same image, over the network', async () => {
    const { lab, diskMiB } = made;
    const { id, nics } = await lab.createFromImage({ image: 'nettools', name: 'far', diskMiB, command: [] });
    await lab.start(id).finished;
    expect(await shell(lab.instance(id), 'iperf3 --server --daemon')).toMatchObject({ code: 0, stderr: '' });
    const address = nics[0]?.address ?? '';
    await start('near', { Image: 'nettools', Cmd: ['sleep', 'infinity'] });
    const seen = await exec(
      'near',
      `tcpdump -lnc 2 -i eth0 icmp > /tmp/seen 2> /tmp/ready & until grep -q listening /tmp/ready; do sleep 0.1; done
       ping -c 1 -W 60 ${address} > /tmp/pinged; wait; cat /tmp/seen`,
    );
    expect(seen).toMatch(new RegExp(`> ${address}: ICMP echo request`));
    expect(seen).toMatch(new RegExp(`IP ${address} > .*: ICMP echo reply`));
    const scanned = await exec('near', `nmap -n -Pn -p 22,5201 ${address}`);
    expect(scanned).toMatch(/^5201\/tcp open /m);
    expect(scanned).toMatch(/^22\/tcp +closed /m);
    expect(await exec('near', `mtr --no-dns --report --report-cycles 1 ${address}`)).toMatch(
      new RegExp(`1\\.\\|-- ${address.replaceAll('.', '\\.')} +0\\.0%`),
    );
    const { end } = JSON.parse(await exec('near', `iperf3 --json --bytes 1M --client ${address}`));
    expect(end.sum_sent.bytes).toBe(1024 * 1024);
    // It ends its count when the sender has ended its own.
    expect(end.sum_received.bytes).toBeGreaterThan(0);
    const server = await start('names', { Image: 'python', Cmd: ['python3', '-c', nameServer] });
    await expect.poll(() => exec('near', `dig +short web.test @${server}`), poll).toContain('192.0.2.7');
    await remove('names');
    await remove('near');
    await lab.kill(id).finished;
    await lab.remove(id).finished;
  });

  it.runIf(areAllAsked)('frr exchanges routes by OSPF, and packets take them', async () => {
    const routers = [1, 2].map((number) => ({ name: `r${number}`, own: `198.51.100.${number}` }));
    const addresses = new Map<string, string>();
    for (const { name, own } of routers) {
      const config = [
        `interface lo\n ip address ${own}/32\nexit`,
        'interface eth0\n ip ospf network point-to-point\n ip ospf hello-interval 1\nexit',
        'router ospf\n network 0.0.0.0/0 area 0\nexit',
      ].join('\n');
      const body: ContainerCreateBody = {
        Image: 'frr',
        Cmd: ['sh', '-c', 'echo "$CONFIG" > /etc/frr/frr.conf; exec frr-start'],
        Env: ['FRR_DAEMONS=ospfd', `CONFIG=${config}`],
        HostConfig: { CapAdd: ['NET_ADMIN', 'NET_RAW', 'SYS_ADMIN'] },
      };
      addresses.set(name, await start(name, body));
    }
    for (const [at, { name }] of routers.entries()) {
      const other = routers[1 - at];
      const route = () => exec(name, `ip route show ${other?.own}`);
      await expect.poll(route, poll).toMatch(new RegExp(`via ${addresses.get(other?.name ?? '')} .*proto ospf`));
      expect(await exec(name, "vtysh -c 'show ip ospf neighbor'")).toMatch(/Full\//);
    }
    expect(await exec('r1', 'ping -c 1 -W 60 -I 198.51.100.1 198.51.100.2')).toMatch(/ 0% packet loss/);
    await remove('r1');
    await remove('r2');
  });
});
