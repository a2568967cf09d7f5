import { openPage, type StrataPage } from '../../test/support/page-fleet';
import type { BrowserLab } from '../browser';
import { removeInstance } from '../page-lab';
import { atMost, type Row } from '../row';
import { median } from '../statistics';

const runs = 7;

/** From the wish for a machine of `debian`, whose layers are stored, to the answer of its shell. */
export async function imageMachine(lab: BrowserLab): Promise<readonly Row[]> {
  const { page, close } = await lab.firstVisit();
  await openPage(page, lab.url);
  await page.getByRole('link', { name: 'Images' }).click();
  await page.getByLabel('Image to pull').fill('debian');
  await page.getByRole('button', { name: 'Pull' }).click();
  await page.getByRole('row', { name: /debian:latest/ }).waitFor();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    // A worker is made ready for the next machine meanwhile.
    await page.waitForTimeout(4000);
    const { id, ms } = await page.evaluate(async () => {
      const { lab: inside } = (globalThis as unknown as StrataPage).strata;
      const begun = performance.now();
      const record = await inside.createFromImage({ image: 'debian' });
      await inside.start(record.id).finished;
      const process = await inside
        .instance(record.id)
        .exec({ argv: ['/bin/sh', '-c', 'read -r name < /etc/debian_version; echo $name'] });
      const text = await new Response(process.stdout).text();
      if (!/^\d+\.\d+\n$/.test(text)) throw new Error(`Not Debian: ${text}`);
      return { id: record.id, ms: performance.now() - begun };
    });
    times.push(ms);
    await removeInstance(page, id);
  }
  await close();
  const peer = `first ${times[0]?.toFixed(0)}, fastest ${Math.min(...times).toFixed(0)}`;
  return [{ name: 'VM from the debian image to prompt', value: median(times), unit: 'ms', goal: atMost(700), peer }];
}
