import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { CallGate } from '../../src/embed/call-gate';
import { labCalls } from '../../src/embed/lab-calls';
import { EmbeddedLab } from '../../src/sdk/embedded-lab';
import { LabMemory } from '../../src/sdk/lab-memory';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';

/** What a page has of the containers in a lab that it embeds: real ones, over the page's own port. */
describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('containers of an embedded lab', () => {
  let made: EngineLab;
  let gate: CallGate;
  let page: EmbeddedLab;

  beforeAll(async () => {
    made = await createEngineLab();
    const { lab, engine } = made;
    const { port1, port2 } = new MessageChannel();
    const home = { offer: async () => {}, settled: async () => {}, run: async () => {}, lab, checks: () => [] };
    gate = new CallGate({ port: port1, handlers: labCalls(home), clock: systemClock, refused: () => {} });
    page = new EmbeddedLab(port2, new LabMemory(1024));
    await engine.containers.create(
      { Image: 'busybox', Cmd: ['sleep', '600'], StopSignal: 'SIGKILL' },
      { name: 'cache' },
    );
    await engine.containers.start('cache');
  });
  afterAll(async () => {
    page?.close();
    gate?.dispose();
    await made?.lab.close();
    await made?.dispose();
  });

  const textOf = async (path: string) => new TextDecoder().decode(await page.read('cache', path));

  it('run programs by their names, with input, output and an exit code', async () => {
    expect(await page.exec('cache', 'cat; echo oops >&2; exit 3', 'hello')).toEqual({
      code: 3,
      stdout: 'hello',
      stderr: 'oops\n',
    });
    expect(await page.exec('cache', ['hostname'])).toMatchObject({ code: 0 });
    await expect(page.exec('cache', ['nothing-of-the-kind'])).rejects.toThrow('executable file not found');
  });

  it('have files that are read and written, through links and with their modes', async () => {
    await page.exec('cache', 'mkdir /data && cd /data && echo old > real && chmod 600 real && ln -s real link');
    await page.write('cache', '/data/link', 'new');
    expect(await textOf('/data/real')).toBe('new');
    expect(await textOf('/data/link')).toBe('new');
    expect((await page.exec('cache', 'stat -c %a /data/real; readlink /data/link')).stdout).toBe('600\nreal\n');
    await page.write('cache', '/data/made', new Uint8Array([0, 255, 10]));
    expect(await page.read('cache', '/data/made')).toEqual(new Uint8Array([0, 255, 10]));
    await expect(page.read('cache', '/data/none')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(page.read('cache', '/data')).rejects.toThrow('/data in container cache is no file');
    await expect(page.write('cache', '/no/such/place', 'x')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('are stopped and started, and have their files meanwhile', async () => {
    await page.write('cache', '/kept', 'still here');
    await page.stop('cache');
    await expect(page.exec('cache', 'true')).rejects.toThrow(/is not running/);
    expect(await textOf('/kept')).toBe('still here');
    await page.start('cache');
    expect(await page.exec('cache', 'cat /kept')).toMatchObject({ stdout: 'still here' });
  });

  it('are named where nothing has the name that was asked for', async () => {
    await expect(page.exec('nobody', 'true')).rejects.toThrow(
      /No instance or container is called "nobody"; there are: .*cache/,
    );
  });
});
