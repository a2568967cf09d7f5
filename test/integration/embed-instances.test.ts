import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { CallGate } from '../../src/embed/call-gate';
import { labCalls } from '../../src/embed/lab-calls';
import { EmbeddedLab } from '../../src/sdk/embedded-lab';
import { LabMemory } from '../../src/sdk/lab-memory';
import { fileLimit } from '../../src/sdk/protocol';
import { createGatewayLab, type GatewayLab } from '../support/gateway-lab';
import { smallVm } from '../support/node-lab';

/** What a page has of a machine's files in a lab that it embeds: a real guest, over the page's own port. */
describe('the files of a machine of an embedded lab', () => {
  let made: GatewayLab;
  let gate: CallGate;
  let page: EmbeddedLab;

  beforeAll(async () => {
    made = await createGatewayLab();
    const { lab } = made;
    const { port1, port2 } = new MessageChannel();
    const home = { offer: async () => {}, settled: async () => {}, run: async () => {}, lab, checks: () => [] };
    gate = new CallGate({ port: port1, handlers: labCalls(home), clock: systemClock, refused: () => {} });
    page = new EmbeddedLab(port2, new LabMemory(1024));
    const { id } = await lab.create({ ...smallVm, name: 'box' });
    await lab.start(id).finished;
  });
  afterAll(async () => {
    page?.close();
    gate?.dispose();
    await made?.dispose();
  });

  const says = async (line: string) => (await page.exec('box', line)).stdout;

  it('are written through links, and keep their mode and their owner', async () => {
    await says('mkdir /srv; cd /srv; printf "#!/bin/sh\\necho old" > s; chmod 751 s; chown 7:8 s; ln -s s link');
    await page.write('box', '/srv/link', '#!/bin/sh\necho new\n');
    expect(await says('cd /srv; ./s; stat -c "%a %u:%g" s; readlink link; ls -A')).toBe('new\n751 7:8\ns\nlink\ns\n');
    await says('ln -s made /srv/dangling');
    await page.write('box', '/srv/dangling', 'made');
    expect(await says('stat -c %a /srv/made; cat /srv/made; ls -A /srv')).toBe('644\nmadedangling\nlink\nmade\ns\n');
    await page.write('box', 'note', 'at home');
    expect(await says('cat /root/note')).toBe('at home');
  });

  it('are not written where there is something else, or nothing to hold them', async () => {
    await says('mkdir -p /opt/d; ln -s ring /opt/ring; mknod /opt/null c 1 3');
    for (const path of ['/opt/d', '/opt/d/', '/etc', '/tmp/', '/opt/null']) {
      const refused = { code: 'InvalidArgument', message: `${path} is no file` };
      await expect(page.write('box', path, 'lost')).rejects.toMatchObject(refused);
    }
    const ring = { code: 'InvalidArgument', message: '/opt/ring is a ring of links' };
    await expect(page.write('box', '/opt/ring', 'lost')).rejects.toMatchObject(ring);
    const nowhere = { code: 'NotFound', message: 'No such directory: /opt/none' };
    await expect(page.write('box', '/opt/none/file', 'lost')).rejects.toMatchObject(nowhere);
    await expect(page.write('box', '/proc/none', 'lost')).rejects.toMatchObject({ code: 'FailedPrecondition' });
    expect(await says('ls -A /opt /opt/d; stat -c %F /opt/null')).toBe(
      '/opt:\nd\nnull\nring\n\n/opt/d:\ncharacter special file\n',
    );
  });

  it('have up to 8 MiB, and what has more, or goes on for ever, is told to be too large', async () => {
    const all = Uint8Array.from({ length: fileLimit }, (_, at) => (at * 7) & 255);
    await page.write('box', '/tmp/all', all);
    expect(Buffer.compare(await page.read('box', '/tmp/all'), all)).toBe(0);
    const tooLarge = { code: 'ResourceExhausted', message: expect.stringContaining('8388608') };
    for (const more of [1, fileLimit]) {
      const content = new Uint8Array(fileLimit + more);
      await expect(page.write('box', '/tmp/all', content)).rejects.toMatchObject(tooLarge);
    }
    await says('truncate -s 100G /tmp/sparse');
    for (const path of ['/tmp/sparse', '/dev/zero']) {
      await expect(page.read('box', path)).rejects.toMatchObject(tooLarge);
    }
    expect(await says('pgrep -l cat')).toBe('');
  });

  it('are told from directories, and from what is not there', async () => {
    await expect(page.read('box', '/etc')).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(page.read('box', '/none')).rejects.toMatchObject({ code: 'NotFound' });
    expect(new TextDecoder().decode(await page.read('box', '/proc/meminfo'))).toMatch(/^MemTotal/);
  });
});
